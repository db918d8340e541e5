"""The quick reader takes what the strict one takes and nothing else, and reads the same."""

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.factories import make_record

from benchmark.errors import RecordError
from benchmark.records.cell import cell_key
from benchmark.records.fast_read import read_quickly
from benchmark.records.record import Coverage, RunRecord
from benchmark.records.record_files import parse_strictly

COVERAGE = Coverage(matched=3, missing=("a",), mismatched=(), unused=("b",), parameter_share=0.5)
RECORD = make_record(dice={"s1": 0.5, "s2": 0.25}).model_copy(update={"coverage": COVERAGE})
METRICS = tuple(RECORD.cases[0].scores)
TEXT = json.dumps(RECORD.model_dump(mode="json"))


def strictly(text: bytes) -> RunRecord | None:
    try:
        return parse_strictly(text, "x.json", RunRecord, "run it again")
    except RecordError:
        return None


def plain(value: Any) -> Any:
    """All attributes, of models as of quick ones."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    names: Iterable[str] = getattr(value, "__struct_fields__", ()) or getattr(
        type(value), "model_fields", ()
    )
    names = ["scores" if name == "values" else name for name in names]
    return {name: plain(getattr(value, name)) for name in names} if names else value


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where there is something in plain data."""
    if not isinstance(value, dict | list):
        return [path]
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    return [path, *(one for key, part in inside for one in places(part, (*path, key)))]


@pytest.mark.parametrize("metrics", [(), METRICS, ("dice",), ("iou", "dice", "hd95_mm")])
def test_what_is_read_is_the_record(metrics: tuple[str, ...]) -> None:
    found = read_quickly(TEXT.encode(), metrics)
    assert found is not None and plain(found) == plain(RECORD)
    assert found.cell.path == RECORD.cell.path
    assert cell_key(found.cell, found.fingerprints) == RECORD.key


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just([]),
    st.just({}), st.sampled_from([2**53, 2**53 + 1, 10**400, -0.0, 1.0, "1", "none", [1, 2, 3]]),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    where=st.sampled_from(places(json.loads(TEXT))),
    value=VALUES,
    how=st.integers(0, 2),
    metrics=st.sampled_from([(), METRICS]),
)
@example(where=("cases",), value=[], how=0, metrics=())
def test_an_edit_is_read_as_the_strict_reader_does(
    where: tuple[Any, ...], value: Any, how: int, metrics: tuple[str, ...]
) -> None:
    data = json.loads(TEXT)
    *path, last = where or ("cell",)
    inner = data
    for key in path:
        inner = inner[key]
    if how == 0:
        inner[last] = value
    elif how == 1 and where:
        del inner[last]
    elif isinstance(inner, dict):
        inner["added"] = value
    text = json.dumps(data).encode()
    quick, strict = read_quickly(text, metrics), strictly(text)
    if quick is not None:
        assert strict is not None and plain(quick) == plain(strict)
    elif strict is not None:  # left to the strict reader
        uneven = len({len(row.scores) for row in strict.cases}) != 1  # its keys are not counted
        assert uneven or json.dumps(data["schema_version"]) in ("1.0", "true")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"dice": 0.5', '"dice": 1e400'),
        ('"dice": 0.5', '"dice": 01'),
        ('"dice": 0.5', '"dice": 1.'),
        ('"dice": 0.5', '"dice": NaN'),
        ('"seed": 0', '"seed": 0.0'),
        ('"seed": 0', '"seed": 1e0'),
        ('"key": "', '"key": "\\ud800'),
        ('"key": "', '"key": "\n'),
        ('"key":', '/* */ "key":'),
        ('"key":', '"cell": 1, "key":'),
        ("}", "}]"),
    ],
)
def test_what_is_no_record_is_left_to_the_strict_reader(old: str, new: str) -> None:
    text = TEXT.replace(old, new, 1)
    assert text != TEXT
    assert read_quickly(text.encode()) is None and strictly(text.encode()) is None
    assert read_quickly(text.encode(), METRICS) is None


@pytest.mark.parametrize("text", [b"", b"[" * 10**6, b"\xef\xbb\xbf" + TEXT.encode(),
                                  TEXT.encode("utf-16"), b"\xff" + TEXT.encode()])  # fmt: skip
def test_bytes_that_are_no_text_are_left_too(text: bytes) -> None:
    assert read_quickly(text) is None


@pytest.mark.parametrize("key", sorted({*re.findall(r'"(\w+)":', TEXT)}))
@pytest.mark.parametrize("place", [0, -1])
def test_a_key_that_comes_twice_is_refused_by_both(key: str, place: int) -> None:
    match = [*re.finditer(rf'"{key}": ("[^"]*"|[\w.+-]+|)', TEXT)][place]
    twice = match[0] if match[1] else match[0] + "1"
    text = (TEXT[: match.start()] + f"{twice}, " + TEXT[match.start() :]).encode()
    assert json.loads(text) == json.loads(TEXT)
    assert [read_quickly(text, metrics) for metrics in ((), METRICS)] == [None, None]
    with pytest.raises(RecordError, match=f"x.json: the key '{key}' comes twice; run it again"):
        parse_strictly(text, "x.json", RunRecord, "run it again")


def test_a_record_that_another_program_has_written_is_read() -> None:
    for style in ({"indent": 1}, {"separators": (",", ":")}, {"sort_keys": True}):
        text = json.dumps(json.loads(TEXT), **style).encode()
        assert strictly(text) == RECORD
        if "sort_keys" not in style:
            assert plain(read_quickly(text)) == plain(RECORD)
