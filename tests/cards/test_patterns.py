"""Patterns, templates and paths on cards: refused when the card is read, with the key."""

import time
from typing import Any

import pytest
from support.layouts import card

from benchmark.errors import CardError

FILES: dict[str, Any] = {"kind": "paired_images", "images": r"(?P<case>\w+)\.png"}


def refusal(**layout: Any) -> str:
    with pytest.raises(CardError) as caught:
        card({**FILES, **layout})
    return str(caught.value)


@pytest.mark.parametrize(
    ("layout", "key", "reason"),
    [
        ({"images": "*.png"}, "images", "not a regular expression"),
        ({"images": "(" * 400}, "images", "not a regular expression"),
        ({"images": "a" * 600}, "images", "longer than 500"),
        ({"images": r"(\w+\s?)+\.png"}, "images", "repeats a group"),
        ({"images": r"(a|a)*b"}, "images", "repeats a group"),
        ({"images": r"(a{1,50}){50}b"}, "images", "repeats a group"),
        ({"images": ".*.*.*.*.*.*x"}, "images", "more than 5 times"),
        ({"masks": ["/data/masks/{case}.png"]}, "masks", "stay below the folder"),
        ({"masks": ["C:/masks/{case}.png"]}, "masks", "stay below the folder"),
        ({"masks": ["../masks/{case}.png"]}, "masks", "stay below the folder"),
        ({"masks": ["a/../../{case}.png"]}, "masks", "stay below the folder"),
        ({"masks": ["{patient}.png"]}, "layout", "masks: {patient} is unknown; there are case"),
        ({"masks": {"a": ["{patient}.png"]}}, "layout", "masks: {patient} is unknown"),
        ({"masks": ["{case"]}, "masks", "expected '}'"),
        ({"masks": ["{case:>999999999}.png"]}, "masks", "is not the name of a group"),
        ({"masks": ["{case.__class__}.png"]}, "masks", "is not the name of a group"),
        ({"case": "{subject}"}, "layout", "case: {subject} is unknown"),
        ({"lists": {"train": "/etc/passwd"}}, "lists", "stay below the folder"),
        (
            {"table": {"file": "/x/t.csv", "key": "k", "match": "{case}", "columns": {}}},
            "table.file", "stay below the folder",
        ),
        (
            {"table": {"file": "t.csv", "key": "k", "match": "{patient}", "columns": {}}},
            "layout", "table.match: {patient} is unknown",
        ),
    ],
)  # fmt: skip
def test_the_card_is_refused(layout: dict[str, Any], key: str, reason: str) -> None:
    started = time.process_time()
    text = refusal(**layout)
    assert key in text and reason in text
    assert time.process_time() - started < 1


def test_columns_of_a_table_and_the_folder_of_an_image_fill_templates() -> None:
    table = {"file": "**/t.csv", "key": "k", "match": "{case}", "columns": {"site": "s"}}
    masks = "{folder}/../masks/{site}_{case}*.png"
    assert card({**FILES, "table": table, "masks": [masks]}).layout.model_dump()["masks"] == (
        masks,
    )


@pytest.mark.parametrize("value", [0, -1, 256, 500])
def test_labels_are_values_of_a_byte(value: int) -> None:
    with pytest.raises(CardError, match="labels.a' is .* expected 1 to 255; write masks"):
        card(FILES, labels={"a": value})
