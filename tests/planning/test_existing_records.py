"""Finished cells copied under the same conditions, and marks that cards ask for later."""

from dataclasses import replace
from pathlib import Path

from support.packs import Machine, copy_board

from benchmark.planning.existing_records import copy_existing_records, refresh_marks
from benchmark.planning.transfers import GridSelection, plan
from benchmark.records.store import Store, read_record


def test_only_cells_of_the_same_conditions_are_taken_over(machine: Machine, tmp_path: Path) -> None:
    store = Store(tmp_path / "run")
    copy_board(machine, store)
    cells = plan(machine.workspace, machine.board, GridSelection(sources=("scratch",)))
    other = replace(cells[1], key="sha256:other")
    assert copy_existing_records(store, machine.accepted, [cells[0], other]) == 1
    assert copy_existing_records(store, machine.accepted, [cells[0], other]) == 0
    assert (
        store.path(cells[0].cell).read_bytes() == machine.accepted.path(cells[0].cell).read_bytes()
    )
    assert (store.folder / "predictions" / cells[0].cell.path).is_file()
    assert not store.path(cells[1].cell).exists()


def test_a_mark_that_a_card_learns_later_reaches_finished_records(
    machine: Machine, tmp_path: Path
) -> None:
    store = Store(tmp_path / "run")
    copy_board(machine, store)
    cells = plan(machine.workspace, machine.board, GridSelection(sources=("scratch",)))
    copy_existing_records(store, machine.accepted, cells[:1])
    before = read_record(store.path(cells[0].cell))
    partial = before.marks.model_copy(update={"partial_weights": True, "unseen_labels": ("a",)})
    store.write(before.model_copy(update={"marks": partial}))
    planned, recorded = cells[0].marks, store.read(cells[0].cell)
    assert not refresh_marks(store, recorded, planned)
    assert refresh_marks(store, recorded, planned.model_copy(update={"subset": True}))
    marks = partial.model_copy(update={"subset": True})
    ((_, after),) = store.records()
    assert after == before.model_copy(update={"marks": marks})
