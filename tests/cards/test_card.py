"""Fields that are left out of the serialised form while they have their default value."""

import pytest

from benchmark.cards.card import Model, fingerprint, omitted_default
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry


class Before(Model):
    name: str
    note: str | None = None


class After(Before):
    added: tuple[str, ...] = omitted_default(())
    more: int | None = omitted_default()


def test_a_field_with_its_default_value_changes_no_fingerprint() -> None:
    before, after = Before(name="a"), After(name="a")
    assert after.model_dump() == {"name": "a", "note": None}
    assert after.model_dump_json() == before.model_dump_json()
    assert fingerprint(after) == fingerprint(before)


def test_another_value_is_written_and_read_again() -> None:
    card = After(name="a", added=("b",), more=0)
    assert card.model_dump(mode="json") == {"name": "a", "note": None, "added": ["b"], "more": 0}
    assert After.model_validate_json(card.model_dump_json()) == card
    assert fingerprint(card) != fingerprint(Before(name="a"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("scratch", "c965e4c50983c42545567c3d7d4e1797508f36386fee870717e8e72851d2506b"),
        (
            "phantom_brain_segmentation",
            "9aed069a4c008263fa1123d6559ca0372f65002ebfb4d508ec7f29b3ca9efd31",
        ),
    ],
)
def test_cards_of_the_first_release_keep_their_fingerprints(name: str, expected: str) -> None:
    registry = Registry.load(content_roots())
    assert fingerprint(registry.source(name)) == f"sha256:{expected}"
