"""Domain x task: the effect of a match in one with and without a match in the other."""

import numpy as np
import numpy.typing as npt

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.match import MatchView
from benchmark.views.figures import frame
from benchmark.views.figures.frame import Drawing, LineStyle, NotDrawn
from benchmark.views.figures.spreads import jitter
from benchmark.views.figures.style import heading
from benchmark.views.text import format_interval

TASKS = ("another task", "segmentation")
# Whether the domain matches, label, colour, marker, line.
DOMAINS: tuple[tuple[bool, str, str, str, LineStyle], ...] = (
    (False, "another domain", frame.ORANGE, "s", "dashed"),
    (True, "same domain", frame.BLUE, "o", "solid"),
)


def match_plot(board: Leaderboard, view: MatchView, number: int) -> Drawing | NotDrawn:
    """Cells of a view by domain and task match, around the mean of their target.

    Args:
        board: Names the figure.
        view: Cells and effects.
        number: Of the view, for the file's name.
    """
    name = f"domain_task_{number}"
    cells = view.cells
    if cells["source"].nunique() < 2:
        return NotDrawn(name, f"{view.name}: one pretrained source only")
    domain = cells["source_domain"] == cells["target_domain"]
    task = cells["source_task"] == "segmentation"
    if domain.nunique() < 2 and task.nunique() < 2:
        return NotDrawn(name, f"{view.name}: all sources match alike")
    sign = view.metric.sign
    means = cells.groupby("target")["score"].transform("mean")
    better = (sign * (cells["score"] - means)).to_numpy(dtype=np.float64)
    effects = view.effects
    notes = [
        f"{view.name}. Small marks: a source on a target, {len(cells)} cells of "
        f"{effects.sources} sources and {effects.targets} targets; large: their "
        "mean. Effects with 95 % intervals over sources and targets (mixed model, or t over "
        "targets if wider):",
        *(f"{e.name}: {format_interval(e.value, e.low, e.high, f'+{view.metric.number_format}')}"
          for e in effects.effects.values()),
        *(f"{effect}: no estimate ({why})" for effect, why in effects.missing.items()),
        *view.notes,
    ]  # fmt: skip
    with frame.drawing_rules():
        figure = frame.new_figure(4.6, 2.7)
        axes = figure.add_subplot()
        axes.axhline(0, color="#888888", linewidth=0.6)
        handles = _draw_cells(axes, better, domain.to_numpy(), task.to_numpy())
        axes.set_xlim(-0.4, 1.4)
        axes.set_xticks([0, 1], TASKS)
        axes.set_xlabel("what the source was trained for")
        axes.set_ylabel(f"{view.unit} above the\ntarget's mean (higher is better)")
        axes.grid(axis="x", visible=False)
        title = heading(board, "domain match and task match")
        frame.finish(figure, title, notes, handles)
    return Drawing(name, title, figure)


def _draw_cells(
    axes: "frame.Axes",
    better: npt.NDArray[np.float64],
    domain: npt.NDArray[np.bool_],
    task: npt.NDArray[np.bool_],
) -> "list[frame.Line2D]":
    """Every cell and the means, by both matches; the legend's handles."""
    handles = []
    for match, label, colour, marker, line in DOMAINS:
        xs, means = [], []
        for number, matched in enumerate((False, True)):
            values = better[(domain == match) & (task == matched)]
            if not len(values):
                continue
            x = number + (0.05 if match else -0.05)
            axes.scatter(
                x + jitter(values, 0.035), values, s=9, color=colour, marker=marker, alpha=0.55,
                linewidths=0, zorder=2,
            )  # fmt: skip
            xs.append(x)
            means.append(values.mean())
        axes.plot(
            xs, means, color=colour, marker=marker, linestyle=line, markersize=8,
            markeredgecolor="white", linewidth=1.6, zorder=3,
        )  # fmt: skip
        label = f"{label} ({int((domain == match).sum())} cells)"
        handles.append(frame.legend_handle(label, colour, marker, line))
    return handles
