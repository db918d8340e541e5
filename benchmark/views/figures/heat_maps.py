"""Matrices: the gain of every source on every target, and the forgetting of a sequence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import LaneSize
from benchmark.scoring.metrics import Metric
from benchmark.views.figures import frame
from benchmark.views.figures.frame import Drawing, NotDrawn
from benchmark.views.figures.gain_grid import GainGrid, Square, gain_grid
from benchmark.views.figures.style import size_code, with_direction

CELL = (1.02, 0.42)  # inches
GAIN_COLOURS = "PuOr_r"


def gain_map(board: Leaderboard, size: LaneSize) -> Drawing | NotDrawn:
    """Gain over the baseline, source x target, of one lane and number of training subjects."""
    name = f"gain_{size_code(size)}"
    grid = gain_grid(board, size)
    if isinstance(grid, str):
        return NotDrawn(name, grid)
    with frame.drawing_rules():
        figure = frame.new_figure(
            1.9 + CELL[0] * len(grid.targets) + 0.7, max(1.3, CELL[1] * len(grid.labels)) + 0.75
        )
        _draw_gains(figure.add_subplot(), grid)
        frame.finish(figure, grid.title, grid.notes)
    return Drawing(name, grid.title, figure)


def _draw_gains(axes: "frame.Axes", grid: GainGrid) -> None:
    values = np.array([[square.value for square in line] for line in grid.squares])
    limit = grid.limit
    shape = {"shrink": 0.9, "aspect": 20 * max(1, len(grid.labels) / 8)}
    _heat_map(
        axes, values, [frame.wrapped(target, 15) for target in grid.targets],
        [*map(frame.wrapped, grid.labels)], grid.unit, shape, cmap=GAIN_COLOURS, vmin=-limit,
        vmax=limit,
    )  # fmt: skip
    axes.set_facecolor("#F2F2F2")
    axes.set_xlabel("target task")
    axes.set_ylabel("source task")
    for row, line in enumerate(grid.squares):
        for column, square in enumerate(line):
            _write(axes, column + 0.5, row + 0.5, square, limit)


def _heat_map(
    axes: "frame.Axes",
    values: npt.NDArray[np.float64],
    columns: Sequence[str],
    rows: Sequence[str],
    label: str,
    shape: dict[str, float],
    **options: object,
) -> None:
    """A matrix with upright names, white lines, and empty squares where there is no number."""
    import seaborn as sns  # takes seconds

    sns.heatmap(
        values, ax=axes, mask=~np.isfinite(values), linewidths=1.2, linecolor="white",
        xticklabels=columns, yticklabels=rows, cbar_kws={"label": label, **shape}, **options,
    )  # fmt: skip
    axes.grid(False)
    axes.tick_params(length=0, rotation=0)


def _write(axes: "frame.Axes", x: float, y: float, square: Square, limit: float) -> None:
    import matplotlib
    from matplotlib.patches import Rectangle

    known = not np.isnan(square.value)
    place: dict[str, Any] = {"ha": "center", "va": "center"}
    if square.contaminated:
        axes.add_patch(
            Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, hatch="////", edgecolor="#888888",
                      linewidth=0)
        )  # fmt: skip
        if known:
            under = matplotlib.colormaps[GAIN_COLOURS]((square.value / limit + 1) / 2)
            place["bbox"] = {"facecolor": under, "edgecolor": "none", "pad": 0.8}
    if not known:
        axes.text(x, y, square.text, fontsize=6.5, style="italic", color="#444444", **place)
        return
    place["color"] = "white" if abs(square.value) > 0.72 * limit else "#111111"
    weight = "bold" if square.significant else "normal"
    axes.text(x, y - (0.16 if square.interval else 0), square.text, fontsize=8, weight=weight,
              **place)  # fmt: skip
    if square.interval:
        axes.text(x, y + 0.2, square.interval, fontsize=5.6, **place)


def forgetting_matrix(
    name: str, scores: npt.NDArray[np.float64], tasks: Sequence[str], metric: Metric, title: str
) -> Drawing:
    """R[i, j]: the score on task j after training on the tasks up to i, one after the other.

    Args:
        name: Of the file.
        scores: (tasks, tasks), NaN where nothing was scored; two or more tasks.
        tasks: Their names, in the order of training.
        metric: Of the scores.
        title: Heading.
    """
    note = (
        "R[i, j]: score on task j after training on tasks 1 to i in turn. Framed: the task just "
        "learned. Below the frame: what is kept of earlier tasks; above: tasks not yet seen."
    )
    with frame.drawing_rules():
        from matplotlib.patches import Rectangle

        figure = frame.new_figure(2.3 + 0.75 * len(tasks), 0.9 + 0.55 * len(tasks))
        axes = figure.add_subplot()
        _heat_map(
            axes, scores, [frame.wrapped(task, 14) for task in tasks],
            [f"{k}. {frame.wrapped(task)}" for k, task in enumerate(tasks, start=1)],
            with_direction(metric), {}, cmap="cividis" if metric.higher_is_better else "cividis_r",
            annot=True, fmt=".1f" if metric.unit else ".3f", annot_kws={"size": 8},
        )  # fmt: skip
        axes.set_xlabel("scored on task j")
        axes.set_ylabel("after training on task i")
        for k in range(len(tasks)):
            square = Rectangle((k, k), 1, 1, fill=False, edgecolor="black", linewidth=1.4, zorder=3)
            axes.add_patch(square)
        frame.finish(figure, title, [note])
    return Drawing(name, title, figure)
