"""Rules of groups of subjects, and the file of them."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from support.factories import shipped_registry

from benchmark.cards.card import fingerprint
from benchmark.cards.subject_groups import FILE, GroupRule, read_subject_groups
from benchmark.errors import CardError


def test_bands_cover_every_number_once() -> None:
    rule = GroupRule(fact="age", bands=(40, 65), unit="years")
    parts = {value: rule.band(value, "years") for value in (3, 39.9, 40, 64, 65, 90)}
    assert (
        list(parts.values())
        == ["below 40 years"] * 2 + ["40 to 65 years"] * 2 + ["65 years or more"] * 2
    )
    assert GroupRule(fact="x", bands=(1.5,)).band(2, "") == "1.5 or more"


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"fact": "a", "size_of": "b", "bands": [1]}, "either fact or size_of"),
        ({"size_of": "b"}, "needs bands"),
        ({"fact": "a", "bands": [2, 1]}, "must increase"),
        ({"fact": "a", "bands": [1, 1]}, "must increase"),
    ],
)
def test_wrong_rules_are_refused(rule: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        GroupRule.model_validate(rule)


def test_a_card_without_groups_has_the_fingerprint_that_it_had() -> None:
    card = shipped_registry().dataset("hc18")
    assert not card.groups and "groups" not in card.model_dump(mode="json")
    assert fingerprint(card.model_copy(update={"groups": {"sex": GroupRule()}})) != fingerprint(
        card
    )


def test_the_file_is_read_and_a_wrong_one_refused(tmp_path: Path) -> None:
    assert read_subject_groups(tmp_path) == {}
    path = tmp_path / FILE
    path.write_text("subject,sex,age\ns1,F,below 40\ns2,,below 40\n")
    assert read_subject_groups(tmp_path) == {
        "sex": {"s1": "F"}, "age": {"s1": "below 40", "s2": "below 40"}
    }  # fmt: skip
    path.write_text("subject,sex\ns1,F\ns1,M\n")
    with pytest.raises(CardError, match="listed twice"):
        read_subject_groups(tmp_path)
    path.write_text("case,sex\nc,F\n")
    with pytest.raises(CardError, match="subject"):
        read_subject_groups(tmp_path)


def test_shipped_files_hold_the_groups_of_their_cards_for_every_subject_of_the_split() -> None:
    registry = shipped_registry()
    filled = 0
    for name, card in registry.datasets.items():
        groups = read_subject_groups(registry.folders[name])
        if groups:
            assert set(groups) == set(card.groups)
            filled += 1
            if card.split is None:
                subjects = {row.subject for row in registry.split(name)}
                assert all(subjects <= set(part_of) for part_of in groups.values()), name
    assert filled == 6
