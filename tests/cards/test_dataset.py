"""Cards of data sets that contradict themselves."""

import pytest
from support.layouts import card

from benchmark.cards.dataset import SplitRule
from benchmark.errors import CardError

LAYOUT = {"kind": "paired_images", "images": r"(?P<subject>p)\.png", "masks": ["m.png"]}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"labels": {"a": 1, "b": 1}}, "dataset.yaml: labels, ignore_value: 1 stands for two;"),
        ({"ignore_value": 1}, "dataset.yaml: labels, ignore_value: 1 stands for two;"),
        ({"same_subject": ["a b", "b c"]}, "dataset.yaml: same_subject: 'b' is in two groups;"),
    ],
)
def test_a_value_and_a_name_mean_one_thing(more: dict[str, object], message: str) -> None:
    with pytest.raises(CardError, match=message):
        card(LAYOUT, **more)


@pytest.mark.parametrize("more", [{"spacing_mm": 0}, {"spacing_mm": -0.1}, {"threshold": 0}])
def test_sizes_and_thresholds_are_above_0(more: dict[str, object]) -> None:
    with pytest.raises(CardError, match=next(iter(more))):
        card({**LAYOUT, **more})


def test_a_threshold_tells_two_labels_apart_only_by_their_files() -> None:
    labels = {"a": 1, "b": 2}
    with pytest.raises(CardError, match="threshold: of several labels each has `masks` of its own"):
        card({**LAYOUT, "threshold": 9}, labels=labels)
    card({**LAYOUT, "threshold": 9, "masks": {"a": ["a.png"], "b": ["b.png"]}}, labels=labels)


def test_a_case_is_listed_for_one_subset() -> None:
    with pytest.raises(ValueError, match="listed: case 'p1' comes twice"):
        SplitRule(listed={"train": "p1 p2", "test": "p1"})  # type: ignore[dict-item]
