"""Score against the number of training subjects: one panel a target, one line an entry."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures.layout import finish, key, panels, wrapped
from benchmark.views.figures.style import (
    Drawing,
    Entry,
    LeftOut,
    Look,
    covered,
    drawing_rules,
    heading,
    looks,
    sign_note,
    with_direction,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = "size_curves"
DODGE = 0.02  # of the range of sizes, between neighbouring lines at most
MOST = 12


def size_curves(board: Leaderboard) -> Drawing | LeftOut:
    """Mean score with interval against the number of training subjects, of the ranked rows.

    "All" stands where as many subjects stand, to the right of the largest number at least.
    """
    rows = board.rows[board.rows["rank"].notna()]
    counts = rows.groupby("target", sort=False)["train_subjects"].nunique()
    targets = [str(name) for name in counts.index[counts > 1]]
    if not targets:
        return LeftOut(NAME, "no target has results with two numbers of training subjects")
    rows = rows[rows["target"].isin(targets)]
    with drawing_rules():
        return _draw(board, rows, targets)


def _draw(board: Leaderboard, rows: pd.DataFrame, targets: list[str]) -> Drawing:
    known = looks(board, rows)
    entries = _chosen(board, rows)
    figure, axes = panels(len(targets))
    for one, target in zip(axes, targets, strict=True):
        part = rows[rows["target"] == target]
        used = part.loc[part["train_subjects"] == 0, "train_subjects_used"]
        everyone = max(used, default=0)
        places = _places(part, everyone)
        spread = np.log(max(places.values()) / min(places.values()))
        step = min(DODGE, 0.25 / len(entries)) * spread
        for number, entry in enumerate(entries):
            mine = part[(part["source"] == entry[0]) & (part["strategy"] == entry[1])]
            shift = float(np.exp((number - (len(entries) - 1) / 2) * step))
            _line(one, mine, {size: x * shift for size, x in places.items()}, known[entry])
        one.set_xscale("log")
        one.set_xticks(
            list(places.values()),
            [f"{'all' if not size else size}" + _count(size, everyone)
             for size in places],
        )  # fmt: skip
        one.set_xticks([], minor=True)
        one.set_title(wrapped(target, 40))
        one.set_xlabel("training subjects (log scale)")
        one.set_ylabel(with_direction(METRICS[str(part["main_metric"].iloc[0])]))
        one.grid(axis="x", visible=False)
    labels = [known[entry].label for entry in entries]
    left = len(rows[["source", "strategy"]].drop_duplicates()) - len(entries)
    notes = [
        f"Mean over subjects and seeds; bars: {covered(rows)}. Lines are moved sideways a little "
        "so that bars do not hide each other. Entries that lack a seed are not drawn."
        + (" Hollow: contaminated." if any(rows["contamination"]) else "")
        + (f" The best {MOST} and the baseline; {left} more are in the table." if left else ""),
        sign_note(labels),
    ]
    title = heading(board, "score against the number of training subjects")
    finish(figure, title, notes, [key(known[entry]) for entry in entries])
    return Drawing(NAME, title, figure)


def _chosen(board: Leaderboard, rows: pd.DataFrame) -> list[Entry]:
    """All entries in the order of the overall table, or the best and the baseline's."""
    ranked = board.overall if len(board.overall) else rows
    there = set(zip(rows["source"], rows["strategy"], strict=True))
    order = [*zip(ranked["source"], ranked["strategy"], strict=True)]
    entries = [entry for entry in dict.fromkeys(order) if entry in there]
    if len(entries) <= MOST:
        return entries
    baseline = [entry for entry in entries[MOST:] if entry[0] == board.board.baseline]
    return entries[:MOST] + baseline


def _places(part: pd.DataFrame, count: int) -> dict[int, float]:
    """Where each size stands on the axis; all (0) comes last."""
    sizes = sorted(int(size) for size in part["train_subjects"].unique() if size)
    places = {size: float(size) for size in sizes}
    if (part["train_subjects"] == 0).any():
        places[0] = float(count) if count > sizes[-1] else sizes[-1] * 2.0
    return places


def _count(size: int, count: int) -> str:
    return f"\n({count})" if not size and count else ""


def _line(axes: "Axes", mine: pd.DataFrame, places: Mapping[int, float], look: Look) -> None:
    mine = mine.assign(x=mine["train_subjects"].map(dict(places))).sort_values("x")
    low = (mine["score"] - mine["low"]).fillna(0).clip(lower=0)
    high = (mine["high"] - mine["score"]).fillna(0).clip(lower=0)
    axes.errorbar(
        mine["x"], mine["score"], yerr=[low, high], color=look.colour, linestyle=look.line,
        elinewidth=0.8,
    )  # fmt: skip
    dirty = (mine["contamination"] != "").to_numpy()
    axes.scatter(
        mine["x"], mine["score"], s=20, marker=look.marker, zorder=3, edgecolors=look.colour,
        facecolors=["white" if hollow else look.colour for hollow in dirty], linewidths=0.9,
    )  # fmt: skip
