"""The time of a cell is the median of what records state, of the board or of one like it."""

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


def test_it_is_the_median_of_the_boards_own_records(tmp_path: Path) -> None:
    write(tmp_path, [2.0, 3.0, 100.0])
    found = measured_time(workspace_at(tmp_path), board(), tmp_path)
    assert found is not None
    assert (found.seconds, found.records, found.board) == (3.0, 3, "demo_v1")
    assert found.hardware == ("cpu, 1 thread",)


def test_damaged_records_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, [2.0, 4.0])
    for text in ("{", "[]", '{"cost": 3}'):
        (tmp_path / f"records/{len(text)}.json").write_text(text)
    found = measured_time(workspace_at(tmp_path), board(), tmp_path)
    assert found is not None and (found.seconds, found.records) == (3.0, 2)


def test_a_board_without_records_takes_those_of_a_board_like_it(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, SYNTHETIC_BOARDS)
    grid = workspace.registry.board("phantom_grid_v1")
    found = measured_time(workspace, grid, tmp_path)
    assert found is not None and found.board == "zoetmulder2022_small"
    protocol = grid.protocol.model_copy(update={"input_size": grid.protocol.input_size + 32})
    assert (
        measured_time(workspace, grid.model_copy(update={"protocol": protocol}), tmp_path) is None
    )


def test_a_sequence_takes_the_sum_of_its_stages(tmp_path: Path) -> None:
    import json

    workspace = workspace_at(tmp_path)
    card = workspace.registry.board("phantom_sequence_v1")
    files = sorted((workspace.registry.folders[card.id] / "sequences").rglob("*.json"))
    stages = [json.loads(file.read_bytes())["stages"] for file in files]
    totals = sorted(sum(stage["cost"]["total_seconds"] for stage in run) for run in stages)
    found = measured_time(workspace, card, tmp_path, kind="sequences")
    assert found is not None and found.records == len(totals) == 24
    assert found.seconds == pytest.approx((totals[11] + totals[12]) / 2)
