"""The gain of every source on every target, as the squares of a map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey, LaneSize
from benchmark.leaderboard.rows import entries_of, rows_of_size
from benchmark.records.cell import cell_path
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.views.figures import style

NOT_RUN = "not run"  # text of a square without a record
SOME_SEEDS = "*"  # daggers mark labels


@dataclass(frozen=True)
class Square:
    """Content of one square: a number with its interval, or words."""

    value: float
    text: str
    interval: str = ""
    significant: bool = False
    contaminated: bool = False


@dataclass(frozen=True)
class GainGrid:
    """The gains of one lane and number of training subjects.

    Attributes:
        title: Heading.
        unit: What the numbers are.
        targets: Of the columns; those on which no entry was run are named in the notes instead.
        labels: Of the rows, which are entries.
        squares: Rows x columns.
        notes: Lines at the foot.
        left_out: Number of entries that are not shown.
    """

    title: str
    unit: str
    targets: Sequence[str]
    labels: Sequence[str]
    squares: Sequence[Sequence[Square]]
    notes: Sequence[str]
    left_out: int = 0

    @property
    def limit(self) -> float:
        """The largest gain or loss, the end of the scale of colours; above 0."""
        values = [[square.value for square in line] for line in self.squares]
        return max(float(np.nanmax(np.abs(values))), 1e-3)


def gain_grid(board: Leaderboard, size: LaneSize, most: int | None = None) -> GainGrid | str:
    """Gain over the baseline of one lane and number of training subjects, or why none is known.

    In the unit of the metric where all targets have the same, else standardised.

    Args:
        board: Its rows.
        size: Lane and number of training subjects.
        most: Show at most so many entries, the first of the overall table; None shows all.
    """
    baseline = board.board.baseline
    rows = rows_of_size(board.rows, size)
    rows = rows[[source.partition("@")[0] != baseline for source in map(str, rows["source"])]]
    if not len(rows):
        return f"no source besides the baseline {baseline}"
    every = _entries(board, rows, size)
    entries = every[:most]
    if len(entries) < len(every):
        shown = set(entries)
        rows = rows[[key in shown for key in entries_of(rows)]]
    metrics = set(rows["main_metric"])
    metric = METRICS[metrics.pop()] if len(metrics) == 1 else None
    if not rows["gain" if metric else "standardised"].notna().any():
        whys = [note for note in rows["gain_note"] if note]
        return f"no gain over {baseline} is known: {whys[0] if whys else 'no baseline'}"
    known = style.looks(board, rows)
    targets = list(dict.fromkeys([*board.board.targets, *map(str, rows["target"])]))
    by_cell = {(r["target"], r["source"], r["strategy"]): r for _, r in rows.iterrows()}
    columns = {
        target: [_square(metric, by_cell[target, *entry]) if (target, *entry) in by_cell
                 else _missing(board, target, entry, size) for entry in entries]
        for target in targets
    }  # fmt: skip
    empty = [target for target, column in columns.items()
             if all(square.text == NOT_RUN for square in column)]  # fmt: skip
    targets = [target for target in targets if target not in empty]
    squares = [*zip(*(columns[target] for target in targets), strict=True)]
    labels = [known[entry].label for entry in entries]
    notes = _notes(baseline, rows, squares, labels, empty)
    title = style.heading(board, f"gain over {baseline}, {style.size_name(board, size)}")
    unit = "standardised gain [sd between subjects]"
    if metric:
        unit = f"gain in {style.with_unit(metric)}"
    left_out = len(every) - len(entries)
    return GainGrid(title, unit, targets, labels, squares, notes, left_out)


def _notes(
    baseline: str,
    rows: pd.DataFrame,
    squares: Sequence[Sequence[Square]],
    labels: Sequence[str],
    empty: Sequence[str],
) -> list[str]:
    """What stands below the figure; `empty` are targets without results."""
    some_seeds = (rows["gain"].notna() & (rows["gain_note"] != "")).any()
    contaminated = any(square.contaminated for line in squares for square in line)
    return [
        f"Gain: paired difference to {baseline} with the same network and strategy, positive is "
        f"better; below it the {style.interval_coverage(rows)}. Bold: the interval excludes 0."
        + (" Hatched: contaminated." if contaminated else "")
        + (f" {SOME_SEEDS}: not over all seeds." if some_seeds else ""),
        style.sign_note(labels),
        f"No results on {', '.join(empty)}." if empty else "",
    ]


def _entries(board: Leaderboard, rows: pd.DataFrame, size: LaneSize) -> list[EntryKey]:
    """Entries of the rows, in the order of the overall table."""
    ranked = rows_of_size(board.overall, size) if len(board.overall) else rows
    present = dict.fromkeys(entries_of(rows))
    order = entries_of(ranked)
    return list(dict.fromkeys([*(entry for entry in order if entry in present), *present]))


def _missing(board: Leaderboard, target: str, entry: EntryKey, size: LaneSize) -> Square:
    """The square of an entry without a row."""
    cells = {cell_path(target, *entry, size.train_subjects, seed, size.lane)
             for seed in board.board.seeds}  # fmt: skip
    missing = cells.intersection(board.missing)
    left_out = board.clean and len(missing) < len(board.board.seeds)
    return Square(np.nan, "contaminated" if left_out else NOT_RUN, contaminated=left_out)


def _square(metric: Metric | None, row: "pd.Series[Any]") -> Square:
    column = "gain" if metric else "standardised"
    contaminated = bool(row["contamination"])
    value, low, high = (row[key] for key in (column, f"{column}_low", f"{column}_high"))
    if pd.isna(value):
        words = "unranked" if row["unranked"] else "incomplete"
        words = words if pd.isna(row["rank"]) else "no baseline"
        return Square(np.nan, words, contaminated=contaminated)
    digits = ".1f" if metric and metric.unit else ".3f" if metric else ".2f"
    text = _signed(value, digits) + SOME_SEEDS * bool(row["gain_note"])
    if pd.isna(low):
        return Square(float(value), text, contaminated=contaminated)
    interval = f"[{_signed(low, digits)}, {_signed(high, digits)}]"
    return Square(float(value), text, interval, bool(low > 0 or high < 0), contaminated)


def _signed(value: float, style: str) -> str:
    """A number with its sign, the minus in its typographic form."""
    return f"{value:+{style}}".replace("-", "\u2212")
