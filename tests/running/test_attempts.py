"""One attempt to run a cell, and what is finished already."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.factories import make_record
from support.packs import Machine, copy_board

from benchmark.errors import RecordError
from benchmark.planning.existing_records import copy_existing_records
from benchmark.planning.transfers import GridSelection, plan
from benchmark.records.record_files import RecordFolder
from benchmark.records.store import Store
from benchmark.running.attempts import Attempt, attempt
from benchmark.running.session import RunSession
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


def test_a_run_reads_each_finished_record_once(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "run")
    copy_board(machine, store)
    cells = plan(machine.workspace, machine.board, GridSelection(sources=("scratch",)))
    assert copy_existing_records(store, machine.accepted, cells) == len(cells) > 0
    names, content = list[str](), RecordFolder.content

    def noted(folder: RecordFolder[Any, Any], name: str) -> Any:
        names.append(name)
        return content(folder, name)

    monkeypatch.setattr(RecordFolder, "content", noted)
    with RunSession(machine.workspace) as session:
        session.run_cells(cells, store)
    assert sorted(names) == sorted(cell.cell.path for cell in cells)
