"""A board of protocol version 1 is gone on with under that version."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import mean

import pytest
from support.factories import shipped_registry

from benchmark.planning.transfers import GridSelection
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.running.board import run_board
from benchmark.running.options import RunOptions
from benchmark.workspace import Workspace

GOLDEN = Path(__file__).parents[1] / "golden/v0.1/demo"
CELL = "phantom_fetal_head_64/scratch/full/nall/seed0.json"


def go_on(folder: Path, home: Path) -> dict[str, RunRecord]:
    """The records of `scratch` after a run of the golden board into a folder."""
    card, shipped = Store(GOLDEN).board(), shipped_registry()
    assert card.protocol.version == 1 and card.protocol.lanes is None
    registry = replace(
        shipped, boards={**shipped.boards, card.id: card},
        folders={**shipped.folders, card.id: GOLDEN},
    )  # fmt: skip
    options = RunOptions(device="cpu", threads=1, pictures=False)
    chosen = GridSelection(sources=("scratch",))
    return by_name(run_board(Workspace(registry, home), card, chosen, folder, options=options))


def by_name(store: Store) -> dict[str, RunRecord]:
    return {
        path.relative_to(store.folder / "records").as_posix(): record
        for path, record in store.records()
        if record.cell.source == "scratch"
    }


def dice(records: Mapping[str, RunRecord]) -> float:
    return mean(case.scores["dice"] for case in records[CELL].cases)


def test_no_finished_cell_is_run_again(shared_home: Path, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN, tmp_path / "run")
    before = by_name(Store(GOLDEN))
    assert len(before) == 4 and go_on(tmp_path / "run", shared_home) == before


@pytest.mark.slow
def test_a_missing_cell_is_made_with_the_same_key(shared_home: Path, tmp_path: Path) -> None:
    """Its scores are those of then, but for the rounding of another processor and release."""
    shutil.copytree(GOLDEN, tmp_path / "run")
    (tmp_path / "run/records" / CELL).unlink()
    then, now = by_name(Store(GOLDEN)), go_on(tmp_path / "run", shared_home)
    assert now[CELL].key == then[CELL].key and now[CELL].started != then[CELL].started
    assert dice(now) == pytest.approx(dice(then), abs=0.02)
