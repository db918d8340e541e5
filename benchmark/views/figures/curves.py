"""Score against the number of training subjects: one panel per target, one line per entry."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.cards.lanes import Lane
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey
from benchmark.leaderboard.rows import entries_of, main_metric
from benchmark.views.figures import frame, style
from benchmark.views.figures.frame import Drawing, NotDrawn
from benchmark.views.figures.style import Look

NAME = "size_curves"
DODGE = 0.02  # largest shift between neighbouring lines, relative to the range of sizes
MOST = 12


@dataclass(frozen=True)
class SizeCurves:
    """Mean scores against the number of training subjects.

    Attributes:
        title: Heading.
        targets: The ranked rows of each target that has several numbers of training subjects.
        looks: How each entry is drawn, the best first: all of them, or MOST and the baseline's.
        left_out: Number of other entries.
    """

    title: str
    targets: Mapping[str, pd.DataFrame]
    looks: Mapping[EntryKey, Look]
    left_out: int

    @classmethod
    def of(cls, board: Leaderboard, lane: Lane) -> "SizeCurves | None":
        """The curves of one lane; None where no target has several numbers of subjects."""
        rows = board.rows[board.rows["rank"].notna() & (board.rows["lane"] == lane)]
        counts = rows.groupby("target", sort=False)["train_subjects"].nunique()
        rows = rows[rows["target"].isin(counts.index[counts > 1])]
        if not len(rows):
            return None
        subject = "score against the number of training subjects"
        title = style.heading(board, ", ".join(filter(None, (subject, board.lane_words(lane)))))
        known, entries = style.looks(board, rows), best_entries(board, rows)
        return cls(
            title,
            {str(target): of_target for target, of_target in rows.groupby("target", sort=False)},
            {entry: known[entry] for entry in entries},
            len({*entries_of(rows)}) - len(entries),
        )

    @property
    def rows(self) -> pd.DataFrame:
        """The rows of all targets."""
        return pd.concat(self.targets.values())


def size_curves(board: Leaderboard, lane: Lane) -> Drawing | NotDrawn:
    """Mean score with interval against the number of training subjects, of a lane's ranked rows.

    "All" stands at the number of subjects that it means, but right of the largest other number.
    """
    name = NAME if lane == "unet" else f"{NAME}_{lane}"
    curves = SizeCurves.of(board, lane)
    if curves is None:
        return NotDrawn(name, "no target has results with two numbers of training subjects")
    rows = curves.rows
    notes = [
        f"Mean over subjects and seeds; bars: {style.interval_coverage(rows)}. Lines are moved "
        "sideways a little so that bars do not hide each other. Entries that lack a seed are not "
        "drawn."
        + (" Hollow: contaminated." if any(rows["contamination"]) else "")
        + (f" The best {MOST} and the baseline; {curves.left_out} more are in the table."
           if curves.left_out else ""),
        style.sign_note([look.label for look in curves.looks.values()]),
    ]  # fmt: skip
    with frame.drawing_rules():
        figure, grid = frame.panels(len(curves.targets))
        for axes, (target, of_target) in zip(grid, curves.targets.items(), strict=True):
            _draw_panel(axes, of_target, curves.looks)
            axes.set_title(frame.wrapped(target, 40))
        legend = [look.handle() for look in curves.looks.values()]
        frame.finish(figure, curves.title, notes, legend)
    return Drawing(name, curves.title, figure)


def _draw_panel(axes: "frame.Axes", rows: pd.DataFrame, known: Mapping[EntryKey, Look]) -> None:
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
    axes.set_ylabel(style.with_direction(main_metric(rows)))
    axes.grid(axis="x", visible=False)


def best_entries(board: Leaderboard, rows: pd.DataFrame) -> list[EntryKey]:
    """All entries of one lane in the order of the overall table, or the best and the baseline's."""
    lane = rows["lane"].iloc[0]
    ranked = board.overall[board.overall["lane"] == lane] if len(board.overall) else rows
    present = set(entries_of(rows))
    order = dict.fromkeys(entries_of(ranked))
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
    axes: "frame.Axes", rows: pd.DataFrame, positions: Mapping[int, float], look: Look
) -> None:
    rows = rows.assign(x=rows["train_subjects"].map(dict(positions))).sort_values("x")
    axes.errorbar(
        rows["x"], rows["score"], yerr=style.error_bars(rows), color=look.colour,
        linestyle=look.line, elinewidth=0.8,
    )  # fmt: skip
    contaminated = (rows["contamination"] != "").to_numpy()
    axes.scatter(
        rows["x"], rows["score"], s=20, marker=look.marker, zorder=3, edgecolors=look.colour,
        facecolors=["white" if hollow else look.colour for hollow in contaminated], linewidths=0.9,
    )  # fmt: skip
