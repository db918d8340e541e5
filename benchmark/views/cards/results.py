"""How far boards are, and the rows of their shipped tables; no record is parsed."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.records.record_content import record_names
from benchmark.scoring.metrics import METRICS
from benchmark.views.text import format_interval
from benchmark.workspace import Workspace

MOST = 12
Row = dict[str, str]  # of leaderboard.csv, by column; best first within a setting


@dataclass(frozen=True)
class BoardResults:
    """Results of a board, those that `segtransfer leaderboard BOARD` shows.

    Attributes:
        board: Its card.
        folder: Of its records.
        synthetic: Whether every target is synthetic.
        entries: How many pairs of a source and a strategy, of each lane, take part.
    """

    board: BoardCard
    folder: Path
    synthetic: bool
    entries: int

    @classmethod
    def of(cls, workspace: Workspace, board: BoardCard) -> "BoardResults":
        """The results below `runs/` if there are any, else those that are shipped."""
        folder = workspace.leaderboard_folder(board.id)
        registry = workspace.registry
        entries = sum(len(board.entries_for(registry.source(name))) for name in board.sources)
        return cls(board, folder, registry.is_synthetic(board), entries)

    @cached_property
    def records(self) -> int:
        """Number of its records, or of finished sequences on a board with sequences."""
        return len(record_names(self.folder, "sequences" if self.board.sequences else "records"))

    @property
    def cells(self) -> int:
        """Number of its cells, or of sequences on a board with sequences."""
        board = self.board
        settings = len(board.sequences or board.settings)
        return self.entries * settings * len(board.seeds)

    @property
    def images(self) -> str:
        """Whether they are on real or synthetic images."""
        return "synthetic" if self.synthetic else "real"

    @property
    def state(self) -> str:
        """Records and cells, and how many of the records are of cells that failed."""
        failed = sum(int(row.get("failed_cells") or 0) for row in self.rows())
        return f"{self.records}/{self.cells}" + (f" ({failed} failed)" if failed else "")

    def rows(self) -> Iterator[Row]:
        """Rows of its leaderboard.csv; none where the file has not been written."""
        path = self.folder / "leaderboard.csv"
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)


def board_results(workspace: Workspace) -> list[BoardResults]:
    """Results of every board; those on real images first, and of these those of most records."""
    boards = [BoardResults.of(workspace, board) for board in workspace.registry.boards.values()]
    return sorted(boards, key=lambda results: (results.synthetic, -results.records))


def result_lines(boards: Iterable[BoardResults], source: str) -> list[str]:
    """Rank, score and gain of a source on every board, for at most MOST settings."""
    lines = [
        f"{results.board.id} ({results.images}): {row['target']}, {_entry(row)}: {_numbers(row)}"
        for results in boards
        for row in results.rows()
        if row["source"] == source
    ]
    return _first(lines)


def leaders(boards: Iterable[BoardResults], target: str) -> list[str]:
    """The best entry of a target in every setting of every board, for at most MOST settings."""
    best: dict[tuple[str, ...], str] = {}
    for results in boards:
        for row in results.rows():
            setting = (results.board.id, row.get("lane", ""), row["train_subjects"])
            if row["target"] == target and row["rank"] and setting not in best:
                name = f"{results.board.id} ({results.images})"
                best[setting] = f"{name}: {row['source']}, {_entry(row)}: {_numbers(row)}"
    return _first([*best.values()])


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - MOST
    return [
        *lines[:MOST],
        *([f"and {more} more; type segtransfer leaderboard BOARD"] if more > 0 else []),
    ]


def _entry(row: Row) -> str:
    lane = f"/{row['lane']}" if row.get("lane", "unet") != "unet" else ""
    size = row["train_subjects"] if row["train_subjects"] != "0" else "all"
    return f"{row['strategy']}{lane}/n{size}"


def _numbers(row: Row) -> str:
    """Rank, score and gain of a row; the rows are those of `leaderboard.csv`."""
    parts = [f"rank {float(row['rank']):.3g}" if row["rank"] else "no rank"]
    if row["score"]:
        parts.append(f"{METRICS[row['main_metric']].title} {float(row['score']):.3f}")
    if row["gain"]:
        value, low, high = (float(row[name]) for name in ("gain", "gain_low", "gain_high"))
        parts.append("gain " + format_interval(value, low, high, "+.3f"))
    return ", ".join(parts)
