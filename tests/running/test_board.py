"""A run in which something fails: one failure costs one cell, and the next run mends it."""

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.factories import two_steps

import benchmark.running.cell as cells
import benchmark.running.session as session
from benchmark.cards.board import BoardCard
from benchmark.errors import DataError, Diverged, UnfinishedRun
from benchmark.owners import HOST
from benchmark.planning.shards import Shard, shard_of_cells
from benchmark.planning.transfers import GridSelection, plan
from benchmark.records.run_errors import run_errors
from benchmark.records.store import Store
from benchmark.running.board import run_board
from benchmark.running.claims import FOLDER, claimed, running_claims
from benchmark.running.options import RunMonitor, RunOptions
from benchmark.running.target_data import load_target
from benchmark.workspace import Workspace

TARGETS = ("phantom_fetal_head_64", "phantom_stroke_lesion_64")
OPTIONS = RunOptions(device="cpu", pictures=False)
SCRATCH = GridSelection(sources=("scratch",))


class Heard(RunMonitor):
    def __init__(self) -> None:
        self.lines = list[str]()

    def report(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def small(shared_home: Path) -> tuple[Workspace, BoardCard]:
    """Two targets, two seeds, two steps."""
    return two_steps(shared_home)


def contents(folder: Path) -> dict[str, object]:
    store = Store(folder)
    return {
        name: Store(folder).model.model_validate_json(
            (folder / "records" / name).read_text()
        ).without_timings()
        for name in store.files()
    }  # fmt: skip


def test_one_failure_costs_one_cell_and_the_same_command_mends_it(
    small: tuple[Workspace, BoardCard], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, board = small
    board = board.model_copy(update={"seeds": (0,)})
    usual, first = load_target, plan(workspace, board, SCRATCH)[0].cell

    def load(transfer: object, *arguments: object) -> object:
        if transfer.cell == first:  # type: ignore[attr-defined]
            raise MemoryError
        return usual(transfer, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cells, "load_target", load)
    heard = Heard()
    with pytest.raises(UnfinishedRun, match="finished with 1 failure; type the same") as raised:
        run_board(workspace, board, SCRATCH, tmp_path, options=OPTIONS, monitor=heard)
    assert raised.value.exit_status == 3
    name = f"records/{first.path}"
    assert raised.value.failures[0].startswith(f"{name}: out of memory")
    assert heard.lines == [f"failed: {raised.value.failures[0]}"]
    assert len(Store(tmp_path).files()) == 1
    (note,) = run_errors(tmp_path)
    assert (note.name, note.host) == (name, HOST) and note.error.startswith("out of")
    monkeypatch.setattr(cells, "load_target", usual)
    run_board(workspace, board, SCRATCH, tmp_path, options=OPTIONS)
    assert len(Store(tmp_path).files()) == 2 and not run_errors(tmp_path)
    left = (tmp_path / "records" / f".{HOST}~{2**40}~x.part", tmp_path / FOLDER / "records~x.json")
    for path in left:
        path.write_text(json.dumps({"host": HOST, "process": 2**40}))
    with claimed(tmp_path, "another"):
        run_board(workspace, board, SCRATCH, tmp_path, options=OPTIONS)
        assert len(running_claims(tmp_path)) == 1 and not any(path.exists() for path in left)


def test_missing_data_of_one_target_do_not_stop_the_others(
    small: tuple[Workspace, BoardCard], tmp_path: Path
) -> None:
    workspace, board = small
    board = board.model_copy(update={"targets": ("fetal_head_hc18", TARGETS[0]), "seeds": (0,)})
    with pytest.raises(UnfinishedRun) as raised:
        run_board(workspace, board, SCRATCH, tmp_path, options=OPTIONS)
    assert "segtransfer data get hc18" in raised.value.failures[0]
    assert [name.split("/")[0] for name in Store(tmp_path).files()] == [TARGETS[0]]
    alone = replace(SCRATCH, targets=("fetal_head_hc18",))
    with pytest.raises(DataError, match="segtransfer data get hc18"):  # nothing is left to run
        run_board(workspace, board, alone, tmp_path, options=OPTIONS)


def test_a_source_whose_pretraining_diverges_costs_its_own_cells(
    small: tuple[Workspace, BoardCard], tmp_path: Path
) -> None:
    name, (shared, board) = "phantom_natural_contrastive", small
    card = shared.registry.source(name)
    assert card.pretrain is not None
    recipe = card.pretrain.model_copy(
        update={"steps": 4, "evaluations": 1, "max_items": 16, "learning_rate": 1e30}
    )
    sources = {**shared.registry.sources, name: card.model_copy(update={"pretrain": recipe})}
    workspace = Workspace(replace(shared.registry, sources=sources), tmp_path / "home")
    board = board.model_copy(update={"targets": TARGETS[:1], "seeds": (0,)})
    chosen = GridSelection(sources=(name, "scratch"))
    texts = []
    for _ in range(2):  # the second time nothing is pretrained
        with pytest.raises(UnfinishedRun, match="only with --retry-failed") as raised:
            run_board(workspace, board, chosen, tmp_path / "run", options=OPTIONS)
        texts.append(raised.value.failures)
    assert texts[0] == texts[1] and texts[0][0].startswith(f"source {name}: diverged: ")
    assert [path.split("/")[1] for path in Store(tmp_path / "run").files()] == ["scratch"]
    kept = next((tmp_path / "home" / "pretrained").iterdir()) / "diverged.json"
    written = kept.stat().st_mtime_ns
    with pytest.raises(UnfinishedRun):
        again = replace(OPTIONS, retry_failed=True)
        run_board(workspace, board, chosen, tmp_path / "run", options=again)
    assert kept.stat().st_mtime_ns > written
    alone = GridSelection(sources=(name,))
    with pytest.raises(Diverged):
        run_board(workspace, board, alone, tmp_path / "run", options=OPTIONS)


@pytest.mark.slow
def test_two_runs_share_the_cells_and_end_with_the_same_records(
    small: tuple[Workspace, BoardCard], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, board = small
    monkeypatch.setattr(session, "POLL_S", 0.05)
    run_board(workspace, board, SCRATCH, tmp_path / "alone", options=OPTIONS)
    made: list[str] = []
    write = Store.write

    def counted(self: Store, record: object) -> Path:
        made.append(record.cell.path)  # type: ignore[attr-defined]
        return write(self, record)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "write", counted)
    last = plan(workspace, board, SCRATCH)[-1].cell.path
    with claimed(tmp_path / "shared", f"records/{last}") as ours:  # another run's
        assert ours
        threads = torch.get_num_threads()
        run = threading.Thread(
            target=run_board, args=(workspace, board, SCRATCH, tmp_path / "shared"),
            kwargs={"options": OPTIONS},
        )  # fmt: skip
        run.start()
        while len(made) < 3:
            time.sleep(0.02)
        time.sleep(0.2)
        assert run.is_alive() and last not in made  # it waits
    run.join()
    torch.set_num_threads(threads)
    assert sorted(made) == sorted(Store(tmp_path / "alone").files())
    assert contents(tmp_path / "shared") == contents(tmp_path / "alone")
    assert [path.name for path in (tmp_path / "shared" / FOLDER).iterdir()] == [".lock"]


@pytest.mark.slow
def test_shards_in_one_folder_end_with_the_records_of_the_whole_grid(
    small: tuple[Workspace, BoardCard], tmp_path: Path
) -> None:
    workspace, board = small
    for number in (2, 1):
        part = shard_of_cells(workspace, board, SCRATCH, Shard(number, 2))
        run_board(workspace, board, part, tmp_path / "shards", options=OPTIONS)
        assert len(Store(tmp_path / "shards").files()) == (2 if number == 2 else 4)
    run_board(workspace, board, SCRATCH, tmp_path / "alone", options=OPTIONS)
    assert contents(tmp_path / "shards") == contents(tmp_path / "alone")
