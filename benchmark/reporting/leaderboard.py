"""The leaderboard: per target with intervals and gain over the baseline, overall with mean rank."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.errors import RecordError
from benchmark.records.record import CellId, RunRecord
from benchmark.reporting.frame import ROW, cell_frame
from benchmark.reporting.groups import tie_groups
from benchmark.reporting.overall import Place, overall_table
from benchmark.reporting.paired import compare_pairs
from benchmark.reporting.rows import entries, score_table, target_rows
from benchmark.reporting.target_scores import Entry, TargetScores, target_scores
from benchmark.scoring.metrics import METRICS


@dataclass(frozen=True)
class Leaderboard:
    """Everything a table shows. Absent numbers are None, never filled in.

    Attributes:
        board: Its card.
        rows: One row per target, number of training subjects, source and strategy; best first.
        overall: One row per number of training subjects, source and strategy; best first.
        scores: Complete ranked scores of each target and number of training subjects.
        stability: Per number of training subjects, Kendall's tau of the overall ranking and its
            redraws; None where nothing is ranked.
        notes: What a reader must know of the groups and intervals.
        missing: Cells of the board without a record.
        clean: Whether contaminated cells were left out.
    """

    board: BoardCard
    rows: pd.DataFrame
    overall: pd.DataFrame
    scores: Mapping[Place, TargetScores] = field(default_factory=dict)
    stability: Mapping[int, float | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    clean: bool = False

    @property
    def synthetic(self) -> bool:
        """Whether every row is synthetic."""
        return bool(len(self.rows)) and all("synthetic" in marks for marks in self.rows["marks"])

    @property
    def contaminated(self) -> bool:
        """Whether any row is contaminated, so that the clean ranking differs."""
        return bool(len(self.rows)) and any(self.rows["contamination"])


def build_leaderboard(
    board: BoardCard, records: Iterable[RunRecord], *, clean: bool = False
) -> Leaderboard:
    """Build the tables of a board from its records.

    Args:
        board: Its card.
        records: Finished cells.
        clean: Leave out cells whose source saw something of the target's data.

    Raises:
        RecordError: Records of one target were made from different data, splits or cards.
    """
    return from_cells(board, cell_frame(records), clean=clean)


def from_cells(board: BoardCard, cells: pd.DataFrame, *, clean: bool = False) -> Leaderboard:
    """As `build_leaderboard`, from the rows of `cell_frame`."""
    missing = _missing(board, cells)
    if len(cells):
        _check_comparable(cells)
    if clean and len(cells):
        cells = cells[cells["contamination"] == ""]
    if not len(cells):
        return Leaderboard(board, pd.DataFrame(), pd.DataFrame(), missing=missing, clean=clean)
    ranked = cells[cells["unranked"] == ""]
    scores = {place: _scores(board, place, part) for place, part in _places(board, ranked)}
    pairs = {place: compare_pairs([one]) for place, one in scores.items() if one.entries}
    groups = dict(zip(pairs, tie_groups(list(pairs.values())), strict=True))
    rows = [
        row
        for place, part in _places(board, cells)
        for row in target_rows(board, part, scores.get(place), groups.get(place))
    ]
    overall, stability, joint = overall_table(board, ranked, scores)
    notes = dict.fromkeys(
        note for one in (*groups.values(), *joint) for note in (one.claim, one.note) if note
    )
    return Leaderboard(
        board, pd.DataFrame(rows), overall, scores, stability, tuple(notes), missing, clean
    )


def _places(board: BoardCard, cells: pd.DataFrame) -> list[tuple[Place, pd.DataFrame]]:
    """The cells of each target and size; the board's targets first, in its order."""
    order = {name: number for number, name in enumerate(board.targets)}
    parts = {(str(t), int(str(n))): part for (t, n), part in cells.groupby(ROW[:2], sort=False)}
    return sorted(parts.items(), key=lambda p: (order.get(p[0][0], len(order)), *p[0]))


def _scores(board: BoardCard, place: Place, part: pd.DataFrame) -> TargetScores:
    metric = METRICS[str(part["main_metric"].iloc[0])]
    tables: dict[Entry, pd.DataFrame] = {
        entry: score_table(cells) for entry, cells in entries(part)
    }
    return target_scores(place[0], tables, board.seeds, metric.higher_is_better)


def _missing(board: BoardCard, cells: pd.DataFrame) -> tuple[str, ...]:
    have = set(cells.loc[cells["unranked"] == "", "path"]) if len(cells) else set()
    sources = dict.fromkeys([*board.sources, *(cells["source"] if len(cells) else ())])
    axes = (board.targets, sources, board.strategies, board.train_subjects, board.seeds)
    grid = (
        CellId(board=board.id, target=target, source=source, strategy=strategy,
               train_subjects=size, seed=seed).path
        for target, source, strategy, size, seed in product(*axes)
    )  # fmt: skip
    return tuple(path for path in grid if path not in have)


def _check_comparable(cells: pd.DataFrame) -> None:
    for what, column in (("data", "data"), ("splits", "splits"), ("target", "target_card")):
        for _, part in cells.groupby("target", sort=False):
            odd = part[part[column] != part[column].iloc[0]]
            if len(odd):
                raise RecordError(
                    f"{odd['path'].iloc[0]} and {part['path'].iloc[0]} were made from different "
                    f"{what}; they cannot be compared, run one of them again"
                )
