"""Domain x task: what a match in one is worth with and without a match in the other."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.match import MatchView
from benchmark.views.figures.layout import finish, new_figure
from benchmark.views.figures.spreads import jitter
from benchmark.views.figures.style import Drawing, LeftOut, Line, drawing_rules, heading

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

TASKS = ("another task", "segmentation")
DOMAINS: dict[bool, tuple[str, str, str, Line]] = {
    False: ("another domain", "#E69F00", "s", "dashed"),
    True: ("same domain", "#0072B2", "o", "solid"),
}


def match_plot(board: Leaderboard, view: MatchView, number: int) -> Drawing | LeftOut:
    """Cells of a view by domain and task match, around the mean of their target.

    Args:
        board: Names the figure.
        view: Cells and effects.
        number: Of the view, for the file's name.
    """
    name = f"domain_task_{number}"
    cells = view.cells
    if cells["source"].nunique() < 2:
        return LeftOut(name, f"{view.name}: one pretrained source only")
    domain = cells["source_domain"] == cells["target_domain"]
    task = cells["source_task"] == "segmentation"
    if domain.nunique() < 2 and task.nunique() < 2:
        return LeftOut(name, f"{view.name}: all sources match alike")
    sign = view.points * view.metric.sign
    means = cells.groupby("target")["score"].transform("mean")
    better = (sign * (cells["score"] - means)).to_numpy(dtype=np.float64)
    with drawing_rules():
        figure = new_figure(4.6, 2.7)
        axes = figure.add_subplot()
        axes.axhline(0, color="#888888", linewidth=0.6)
        handles = _draw_cells(axes, better, domain.to_numpy(), task.to_numpy())
        axes.set_xlim(-0.4, 1.4)
        axes.set_xticks([0, 1], TASKS)
        axes.set_xlabel("what the source was trained for")
        axes.set_ylabel(f"{view.unit} above the\ntarget's mean (higher is better)")
        axes.grid(axis="x", visible=False)
        found = view.effects.effects.values()
        told = [f"{e.name}: {e.value:+.1f} [{e.low:+.1f}, {e.high:+.1f}]" for e in found]
        untold = [f"{what}: no estimate ({why})" for what, why in view.effects.missing.items()]
        notes = [
            f"{view.name}. Small marks: a source on a target, {len(cells)} cells of "
            f"{view.effects.sources} sources and {view.effects.targets} targets; large: their "
            "mean. Effects in points with 95 % intervals over sources and targets (mixed model):",
            *told, *untold, *view.notes,
        ]  # fmt: skip
        title = heading(board, "domain match and task match")
        finish(figure, title, notes, handles)
    return Drawing(name, title, figure)


def _draw_cells(
    axes: "Axes",
    better: npt.NDArray[np.float64],
    domain: npt.NDArray[np.bool_],
    task: npt.NDArray[np.bool_],
) -> "list[Line2D]":
    """Every cell and the means, by both matches; the legend's handles."""
    from matplotlib.lines import Line2D

    handles = []
    for match, (label, colour, marker, line) in DOMAINS.items():
        shift = 0.05 if match else -0.05
        xs, ys = [], []
        for place, matched in enumerate((False, True)):
            some = better[(domain == match) & (task == matched)]
            if not len(some):
                continue
            axes.scatter(
                place + shift + jitter(some, 0.035), some, s=9, color=colour, marker=marker,
                alpha=0.55, linewidths=0, zorder=2,
            )  # fmt: skip
            xs.append(place + shift)
            ys.append(some.mean())
        axes.plot(
            xs, ys, color=colour, marker=marker, linestyle=line, markersize=8,
            markeredgecolor="white", linewidth=1.6, zorder=3,
        )  # fmt: skip
        handles.append(
            Line2D([], [], color=colour, marker=marker, linestyle=line, label=f"{label} "
                   f"({int((domain == match).sum())} cells)")
        )  # fmt: skip
    return handles
