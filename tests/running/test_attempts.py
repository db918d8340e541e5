"""One attempt to run a cell."""

import shutil
from pathlib import Path

import pytest
from support.factories import make_record

from benchmark.errors import RecordError
from benchmark.records.store import Store
from benchmark.running.attempts import Attempt, attempt
from benchmark.workers import no_progress


def test_nothing_is_trained_on_a_disk_that_is_nearly_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, trained = make_record(dice={"a": 0.5}), list[object]()

    def run(folder: Path, item: object, _: object) -> None:
        trained.append(item)
        Store(folder).write(record)

    usage, wanted = shutil.disk_usage(tmp_path), Attempt("item", record.cell, record.key)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=9_900_000))
    with pytest.raises(RecordError, match="9.9 MB free, less than 10; make room"):
        attempt(Store(tmp_path), False, run, wanted, no_progress)
    assert not trained
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10_000_000))
    assert attempt(Store(tmp_path), False, run, wanted, no_progress).failed is None
    assert trained == ["item"]
