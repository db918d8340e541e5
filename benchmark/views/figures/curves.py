"""Score against the number of training subjects: one panel per target, one line per entry."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmark.cards.lanes import Lane
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures.frame import Drawing, NotDrawn, drawing_rules, finish, panels, wrapped
from benchmark.views.figures.style import (
    Look,
    error_bars,
    heading,
    interval_coverage,
    looks,
    sign_note,
    with_direction,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = "size_curves"
DODGE = 0.02  # largest shift between neighbouring lines, relative to the range of sizes
MOST = 12


def size_curves(board: Leaderboard, lane: Lane) -> Drawing | NotDrawn:
    """Mean score with interval against the number of training subjects, of a lane's ranked rows.

    "All" stands at the number of subjects that it means, but right of the largest other number.
    """
    rows = board.rows[board.rows["rank"].notna() & (board.rows["lane"] == lane)]
    name = NAME if lane == "unet" else f"{NAME}_{lane}"
    counts = rows.groupby("target", sort=False)["train_subjects"].nunique()
    targets = [str(name) for name in counts.index[counts > 1]]
    if not targets:
        return NotDrawn(name, "no target has results with two numbers of training subjects")
    rows = rows[rows["target"].isin(targets)]
    with drawing_rules():
        return _draw(board, name, rows, targets)


def _draw(board: Leaderboard, name: str, rows: pd.DataFrame, targets: Sequence[str]) -> Drawing:
    known = looks(board, rows)
    entries = best_entries(board, rows)
    figure, grid = panels(len(targets))
    for axes, target in zip(grid, targets, strict=True):
        _draw_panel(axes, rows[rows["target"] == target], {e: known[e] for e in entries})
        axes.set_title(wrapped(target, 40))
    left_out = len(rows[["source", "strategy"]].drop_duplicates()) - len(entries)
    notes = [
        f"Mean over subjects and seeds; bars: {interval_coverage(rows)}. Lines are moved sideways "
        "a little so that bars do not hide each other. Entries that lack a seed are not drawn."
        + (" Hollow: contaminated." if any(rows["contamination"]) else "")
        + (f" The best {MOST} and the baseline; {left_out} more are in the table."
           if left_out else ""),
        sign_note([known[entry].label for entry in entries]),
    ]  # fmt: skip
    lane = board.lane_words(rows["lane"].iloc[0])
    subject = "score against the number of training subjects"
    title = heading(board, ", ".join(filter(None, (subject, lane))))
    finish(figure, title, notes, [known[entry].handle() for entry in entries])
    return Drawing(name, title, figure)


def _draw_panel(axes: "Axes", rows: pd.DataFrame, known: Mapping[EntryKey, Look]) -> None:
    """One target; neighbouring entries are moved apart by a factor."""
    all_subjects = max(rows.loc[rows["train_subjects"] == 0, "train_subjects_used"], default=0)
    positions = size_positions(rows, all_subjects)
    spread = np.log(max(positions.values()) / min(positions.values()))
    step = min(DODGE, 0.25 / len(known)) * spread
    for number, ((source, strategy), look) in enumerate(known.items()):
        line = rows[(rows["source"] == source) & (rows["strategy"] == strategy)]
        shift = float(np.exp((number - (len(known) - 1) / 2) * step))
        _draw_line(axes, line, {size: x * shift for size, x in positions.items()}, look)
    count = f"\n({all_subjects})" if all_subjects else ""
    axes.set_xscale("log")
    axes.set_xticks(
        list(positions.values()), [str(size) if size else f"all{count}" for size in positions]
    )
    axes.set_xticks([], minor=True)
    axes.set_xlabel("training subjects (log scale)")
    axes.set_ylabel(with_direction(METRICS[str(rows["main_metric"].iloc[0])]))
    axes.grid(axis="x", visible=False)


def best_entries(board: Leaderboard, rows: pd.DataFrame) -> list[EntryKey]:
    """All entries of one lane in the order of the overall table, or the best and the baseline's."""
    lane = rows["lane"].iloc[0]
    ranked = board.overall[board.overall["lane"] == lane] if len(board.overall) else rows
    present = set(zip(rows["source"], rows["strategy"], strict=True))
    order = dict.fromkeys(zip(ranked["source"], ranked["strategy"], strict=True))
    entries = [entry for entry in order if entry in present]
    return entries[:MOST] + [e for e in entries[MOST:] if e[0] == board.board.baseline]


def size_positions(rows: pd.DataFrame, all_subjects: int) -> dict[int, float]:
    """Position of each size on the axis; all (0) comes last."""
    sizes = sorted(int(size) for size in rows["train_subjects"].unique() if size)
    positions = {size: float(size) for size in sizes}
    if (rows["train_subjects"] == 0).any():
        positions[0] = float(all_subjects) if all_subjects > sizes[-1] else sizes[-1] * 2.0
    return positions


def _draw_line(
    axes: "Axes", rows: pd.DataFrame, positions: Mapping[int, float], look: Look
) -> None:
    rows = rows.assign(x=rows["train_subjects"].map(dict(positions))).sort_values("x")
    axes.errorbar(
        rows["x"], rows["score"], yerr=error_bars(rows), color=look.colour, linestyle=look.line,
        elinewidth=0.8,
    )  # fmt: skip
    contaminated = (rows["contamination"] != "").to_numpy()
    axes.scatter(
        rows["x"], rows["score"], s=20, marker=look.marker, zorder=3, edgecolors=look.colour,
        facecolors=["white" if hollow else look.colour for hollow in contaminated], linewidths=0.9,
    )  # fmt: skip
