"""The state of boards is counted from names of files, and their results are those of the table."""

import csv
from pathlib import Path

import pytest
from support.factories import SYNTHETIC_BOARDS, board, board_folder, make_record, workspace_at

from benchmark.records.store import Store
from benchmark.views.cards.results import BoardResults, board_results, leaders, result_lines


def test_records_are_counted_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    workspace = workspace_at(tmp_path)
    assert BoardResults.of(workspace, board()).state == "0/12"
    folder = tmp_path / "runs/tiny_v2"
    folder.mkdir(parents=True)
    path = Store(board_folder(folder)).write(make_record())
    path.write_text("damaged")
    results = BoardResults.of(workspace, board())
    assert (results.state, results.images) == ("1/12", "synthetic")
    assert list(results.rows()) == []


def test_sequences_are_counted_on_their_boards(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    card = workspace.registry.board("phantom_sequence_v2")
    results = BoardResults.of(workspace, card)
    assert (results.records, results.cells) == (24, 2 * 2 * len(card.sequences))


def test_results_are_those_of_the_table(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, SYNTHETIC_BOARDS)
    boards = board_results(workspace)
    with (workspace.registry.folders["quickstart_v2"] / "leaderboard.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["target"] == "phantom_lung_ribs"]
    first = min(rows, key=lambda row: float(row["rank"]))
    (line,) = leaders(boards, "phantom_lung_ribs")
    assert line.startswith(f"quickstart_v2 (synthetic): {first['source']}, full/nall: rank 1, ")
    assert f"Dice {float(first['score']):.3f}, gain {float(first['gain']):+.3f} [" in line
    lines = result_lines(boards, first["source"])
    assert any(f"phantom_lung_ribs, full/nall: rank 1, Dice {float(first['score']):.3f}" in line
               for line in lines)  # fmt: skip
    assert result_lines(boards, "scratch")[-1].startswith("and ")
    assert result_lines(boards, "nothing") == []


def test_boards_with_real_records_come_first(tmp_path: Path) -> None:
    first, *others = board_results(workspace_at(tmp_path))
    assert not first.synthetic and first.records > 0
    order = [(results.synthetic, not results.records) for results in (first, *others)]
    assert order == sorted(order)
