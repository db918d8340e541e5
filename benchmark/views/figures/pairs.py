"""Paired dot plot: the difference of two entries, case by case, sorted."""

from collections.abc import Sequence

import numpy as np

from benchmark.leaderboard.comparison import Comparison
from benchmark.views.figures import frame
from benchmark.views.figures.frame import Drawing

MARKERS = ("o", "v", "s")  # first better, second better, equal
COLOURS = (frame.BLUE, frame.ORANGE, frame.GREY)
MANY = 300  # cases above which the ranges of the seeds would be a grey area


def paired_plot(comparisons: Sequence[Comparison]) -> Drawing:
    """One panel per target; dots above zero are cases in which the first entry is better.

    Args:
        comparisons: One or more comparisons of the same two entries.
    """
    first, second = comparisons[0].first, comparisons[0].second
    names = [str(first), str(second)]
    if first.source != second.source:
        names = [first.source, second.source]
    coverage = dict.fromkeys(comparison.subjects.covers for comparison in comparisons)
    seeds = "lines: smallest to largest difference of its seeds; "
    notes = [
        f"Dots: a test case, mean over seeds; {seeds if len(comparisons[0].seeds) > 1 else ''}"
        "dashed: mean over subjects, shaded its 95 % interval over "
        f"{' or '.join(coverage)}. Above 0: {first} is better.",
        *dict.fromkeys(note for comparison in comparisons for note in comparison.notes),
    ]
    synthetic = " (SYNTHETIC)" if all(comparison.synthetic for comparison in comparisons) else ""
    title = f"{first} against {second}{synthetic}"
    with frame.drawing_rules():
        figure, grid = frame.panels(len(comparisons), 2, 2.7)
        for axes, comparison in zip(grid, comparisons, strict=True):
            _draw_panel(axes, comparison)
        labels = [*(f"{name} better" for name in names), "equal"]
        sides = zip(labels, COLOURS, MARKERS, strict=True)
        frame.finish(figure, title, notes, [frame.legend_handle(*side) for side in sides])
    return Drawing("compare", title, figure)


def _draw_panel(axes: "frame.Axes", comparison: Comparison) -> None:
    cases, mean = comparison.cases, comparison.subjects
    values, low, high = (
        np.array([getattr(case, name) for case in cases]) for name in ("difference", "low", "high")
    )
    x = np.arange(1, len(values) + 1)
    if mean.low is not None and mean.high is not None:
        axes.axhspan(mean.low, mean.high, color="#DDDDDD", zorder=0)
    axes.axhline(mean.value, color="black", linestyle="dashed", linewidth=0.9)
    axes.axhline(0, color="black", linewidth=0.7)
    sides = (values > 0, values < 0, values == 0)
    for colour, marker, side in zip(COLOURS, MARKERS, sides, strict=True):
        if len(comparison.seeds) > 1 and len(values) <= MANY:
            axes.vlines(x[side], low[side], high[side], color=colour, linewidth=0.7, alpha=0.6)
        axes.scatter(
            x[side], values[side], s=max(5, 22 - len(values) / 8), color=colour, marker=marker,
            linewidths=0, zorder=3, rasterized=len(values) > 3000,
        )  # fmt: skip
    axes.set_xlim(0.2, len(values) + 0.8)
    axes.set_xlabel(f"{len(values)} test cases, sorted")
    unit = f" [{comparison.metric.unit}]" if comparison.metric.unit else ""
    axes.set_ylabel(f"better in {comparison.metric.title} by{unit}")
    axes.set_title(
        f"{frame.wrapped(comparison.target, 40)}\nsubjects: {comparison.better} better, "
        f"{comparison.worse} worse, {comparison.equal} equal"
    )
    axes.grid(axis="x", visible=False)
