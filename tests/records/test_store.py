"""Records are whole or not there, and belong where they lie."""

import errno
import json
import os
from pathlib import Path

import pytest
from support.factories import board_folder, make_record

from benchmark.errors import RecordError
from benchmark.records.record import RunRecord
from benchmark.records.store import Store, read_record


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    store, record = Store(board_folder(tmp_path)), make_record()
    path = store.write(record)
    assert read_record(path) == record and store.has(record.cell, record.key)
    assert [found for _, found in store.records()] == [record]
    assert not store.has(record.cell, "sha256:other")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "delete the record"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 2'), "schema_version"),
        (lambda text: text.replace('"started"', '"startd"'), "started"),
        (lambda text: text.replace('"dice": 0.5', '"dice": "0.5"'), "dice"),
        (lambda text: text.replace('"seed": 0', '"seed": 1'), "path and content must agree"),
    ],
)
def test_a_damaged_record_is_one_line(tmp_path: Path, change: object, message: str) -> None:
    store = Store(board_folder(tmp_path))
    path = store.write(make_record())
    text = path.read_text()
    changed = change(text)  # type: ignore[operator]
    assert changed != text
    path.write_text(changed)
    with pytest.raises(RecordError, match=message) as error:
        list(store.records())
    assert "\n" not in str(error.value) and str(path) in str(error.value)


def test_a_record_of_another_protocol_is_read_but_may_not_be_ranked(tmp_path: Path) -> None:
    folder = board_folder(tmp_path)
    Store(folder).write(make_record())
    card = folder / "board.yaml"
    card.write_text(card.read_text().replace("weight_decay: 0.01", "weight_decay: 0.02"))
    ((_, record),) = Store(folder).records()
    assert record.marks.unranked == ("made under another protocol",)


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, record = Store(board_folder(tmp_path)), make_record()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match="No space left on device"):
        store.write(record)
    assert not [p for p in (tmp_path / "records").rglob("*") if p.is_file()]


def test_timings_are_apart() -> None:
    record = make_record()
    later = RunRecord.model_validate_json(
        json.dumps({**record.model_dump(mode="json"), "started": "2030-01-01T00:00:00+00:00"})
    )
    assert later != record and later.without_timings() == record.without_timings()
