"""Paired dot plot: the difference of two entries, case by case, sorted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.leaderboard.compare import Comparison
from benchmark.views.figures.layout import finish, panels, wrapped
from benchmark.views.figures.style import Drawing, drawing_rules

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDES = (("#0072B2", "o"), ("#E69F00", "v"), ("#555555", "s"))
MANY = 300  # cases, from which on the seeds' ranges would be a grey area


def paired_plot(found: Sequence[Comparison]) -> Drawing:
    """One panel a target; dots above zero are cases in which the first entry is better.

    Args:
        found: One or more comparisons of the same two entries.
    """
    with drawing_rules():
        from matplotlib.lines import Line2D

        first, second = found[0].first, found[0].second
        figure, axes = panels(len(found), 2, 2.7)
        for one, comparison in zip(axes, found, strict=True):
            _panel(one, comparison)
        labels = (f"{first.source} better", f"{second.source} better", "equal")
        if first.source == second.source:
            labels = (f"{first} better", f"{second} better", "equal")
        keys = [
            Line2D([], [], color=colour, marker=marker, linestyle="none", label=label)
            for (colour, marker), label in zip(SIDES, labels, strict=True)
        ]
        whats = dict.fromkeys(one.subjects.covers for one in found)
        seeds = "lines: smallest to largest difference of its seeds; "
        notes = [
            f"Dots: a test case, mean over seeds; {seeds if len(found[0].seeds) > 1 else ''}"
            "dashed: mean over subjects, shaded its 95 % interval over "
            f"{' or '.join(whats)}. Above 0: {first} is better.",
            *dict.fromkeys(note for one in found for note in one.notes),
        ]
        made = " (SYNTHETIC)" if all(one.synthetic for one in found) else ""
        title = f"{first} against {second}{made}"
        finish(figure, title, notes, keys)
    return Drawing("compare", title, figure)


def _panel(axes: "Axes", found: Comparison) -> None:
    values = np.array([case.difference for case in found.cases])
    x = np.arange(1, len(values) + 1)
    mean = found.subjects
    if mean.low is not None and mean.high is not None:
        axes.axhspan(mean.low, mean.high, color="#DDDDDD", zorder=0)
    axes.axhline(mean.value, color="black", linestyle="dashed", linewidth=0.9)
    axes.axhline(0, color="black", linewidth=0.7)
    sides = (values > 0, values < 0, values == 0)
    for (colour, marker), chosen in zip(SIDES, sides, strict=True):
        if len(found.seeds) > 1 and len(values) <= MANY:
            low = [case.low for case, here in zip(found.cases, chosen, strict=True) if here]
            high = [case.high for case, here in zip(found.cases, chosen, strict=True) if here]
            axes.vlines(x[chosen], low, high, color=colour, linewidth=0.7, alpha=0.6)
        axes.scatter(
            x[chosen], values[chosen], s=max(5, 22 - len(values) / 8), color=colour, marker=marker,
            linewidths=0, zorder=3, rasterized=len(values) > 3000,
        )  # fmt: skip
    axes.set_xlim(0.2, len(values) + 0.8)
    axes.set_xlabel(f"{len(values)} test cases, sorted")
    unit = f" [{found.metric.unit}]" if found.metric.unit else ""
    axes.set_ylabel(f"better in {found.metric.title} by{unit}")
    axes.set_title(
        f"{wrapped(found.target, 40)}\nsubjects: {found.better} better, {found.worse} worse, "
        f"{found.equal} equal"
    )
    axes.grid(axis="x", visible=False)
