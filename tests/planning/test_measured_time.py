"""The time of cells by what records state, of their own board or of one like it."""

from pathlib import Path

import pytest
from support.factories import SYNTHETIC_BOARDS, board, board_folder, make_record, workspace_at

from benchmark.planning.measured_time import measured_time
from benchmark.records.store import Store


def write(folder: Path, seconds: list[float]) -> None:
    store = Store(board_folder(folder))
    for seed, value in enumerate(seconds):
        record = make_record(seed=seed)
        cost = record.cost.model_copy(update={"total_seconds": value})
        store.write(record.model_copy(update={"cost": cost}))


def path(target: str = "phantom_fetal_head", seed: int = 0) -> str:
    return f"{target}/scratch/full/n8/seed{seed}.json"


def test_cells_take_the_mean_time_of_those_that_differ_in_the_seed(tmp_path: Path) -> None:
    write(tmp_path, [2.0, 3.0, 10.0])
    todo = [path(seed=3), path(seed=4)]
    found = measured_time(workspace_at(tmp_path), board(), tmp_path, todo)
    assert found is not None
    assert (found.seconds, found.records, found.board) == (10.0, 3, "tiny_v2")
    assert found.hardware == ("cpu, 1 thread",)


def test_a_cell_in_five_folds_takes_five_times_as_long(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    write(tmp_path, [2.0, 4.0])
    todo = [path("aponeurosis_folds")]
    assert workspace.registry.targets["aponeurosis_folds"].folds == 5
    found = measured_time(workspace, board(), tmp_path, todo)
    assert found is not None and found.seconds == 15.0


def test_damaged_records_and_unknown_strategies_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, [2.0, 4.0])
    for text in ("{", "[]", '{"cost": 3}'):
        (tmp_path / f"records/{len(text)}.json").write_text(text)
    known = next((tmp_path / "records").rglob("seed0.json"))
    other = tmp_path / "records/phantom_fetal_head/scratch/of_old/n8/seed0.json"
    other.parent.mkdir(parents=True)
    other.write_bytes(known.read_bytes())
    found = measured_time(workspace_at(tmp_path), board(), tmp_path, [path(seed=2)])
    assert found is not None and (found.seconds, found.records) == (3.0, 3)


def test_a_board_without_records_takes_those_of_a_board_like_it(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, SYNTHETIC_BOARDS)
    grid = workspace.registry.board("phantom_grid_v1")
    todo = [path()]
    found = measured_time(workspace, grid, tmp_path, todo)
    assert found is not None and found.board == "zoetmulder2022_small"
    protocol = grid.protocol.model_copy(update={"input_size": grid.protocol.input_size + 32})
    grid = grid.model_copy(update={"protocol": protocol})
    assert measured_time(workspace, grid, tmp_path, todo) is None


def test_a_sequence_takes_the_sum_of_its_stages(tmp_path: Path) -> None:
    import json

    workspace = workspace_at(tmp_path)
    card = workspace.registry.board("phantom_sequence_v2")
    folder = workspace.registry.folders[card.id] / "sequences"
    files = sorted(folder.rglob("*.json"))
    costs = [stage["cost"] for file in files for stage in json.loads(file.read_bytes())["stages"]]
    todo = [file.relative_to(folder).as_posix() for file in files]
    found = measured_time(workspace, card, tmp_path, todo, kind="sequences")
    assert found is not None and found.records == len(todo) == 24
    assert found.seconds == pytest.approx(sum(cost["total_seconds"] for cost in costs))
