"""Tolerances of the surface Dice on target cards."""

from pathlib import Path

import pytest
from support.factories import shipped_registry

from benchmark.cards.card import read_card
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.cards.target import TargetCard
from benchmark.errors import CardError

CARD = """id: heads
version: 1
title: Heads
dataset: phantom_abdomen_ct
labels: {muscle: [muscle], liver: [liver]}
intensity: {kind: window, low: -160, high: 240}
slice_axis: axial
metrics: [dice, nsd]
tolerance_mm: 2
tolerance_source: "chosen: for this test"
"""


def write(folder: Path, old: str = "", new: str = "") -> Path:
    path = folder / "tasks/target/heads.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CARD.replace(old, new), encoding="utf-8")
    return path


def test_one_tolerance_or_one_per_label(tmp_path: Path) -> None:
    one = read_card(write(tmp_path), TargetCard)
    assert [one.tolerance_of(label) for label in one.labels] == [2.0, 2.0]
    each = read_card(write(tmp_path, "mm: 2", "mm: {muscle: 1, liver: 3.5}"), TargetCard)
    assert [each.tolerance_of(label) for label in each.labels] == [1.0, 3.5]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tolerance_mm: 2\n", "", "metric 'nsd' needs tolerance_mm"),
        ('tolerance_source: "chosen: for this test"\n', "", "and tolerance_source"),
        ("window, low: -160", "percentile, low: -1", "percentiles are from 0 to 100"),
        (
            "muscle: [muscle]",
            "both: [muscle, liver]",
            "'liver' is merged twice, but a pixel",
        ),
        ("muscle: [muscle]", "muscle: []", "labels: 'muscle' merges nothing"),
        ("[dice, nsd]", "[dice, nsd, dice]", "metrics: 'dice' comes twice"),
        ("mm: 2", "mm: 0", "tolerance_mm must be above 0"),
        ("mm: 2", "mm: {muscle: -1, liver: 1}", "tolerance_mm must be above 0"),
        ("mm: 2", "mm: {muscle: 1}", "is of muscle; give one number, or one for each of muscle, l"),
    ],
)
def test_a_wrong_tolerance_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    write(tmp_path, old, new)
    with pytest.raises(CardError) as error:
        Registry.load((*content_roots(), tmp_path))
    assert message in str(error.value) and "\n" not in str(error.value)


def test_cards_without_a_tolerance_are_serialised_as_before() -> None:
    target = shipped_registry().target("phantom_fetal_head")
    assert not [name for name in target.model_dump() if name.startswith("tolerance")]
    assert target.tolerance_of("head") is None
