"""Cells that are small drawings: scores with intervals, and validation curves."""

from collections.abc import Iterable, Sequence
from math import isfinite, nan

import pandas as pd

from benchmark.views.page.cells import NONE, ColumnCells, floats

Curve = Sequence[tuple[float, float]]
CURVE_WIDTH, CURVE_HEIGHT, CURVE_MARGIN = 1200, 320, 20  # ten times its size on the screen
PLOT_START, PLOT_WIDTH = 4, 112


def plot_range(frame: pd.DataFrame, name: str = "score") -> tuple[float, float]:
    """Smallest and largest number that a plot of scores, or of gains, has to show."""
    known = [v for column in _columns(name) for v in floats(frame, column) if isfinite(v)]
    return (min(known), max(known)) if known else (0.0, 0.0)


def _columns(name: str) -> tuple[str, str, str]:
    """Columns of a number and of its bounds."""
    prefix = "" if name == "score" else f"{name}_"
    return name, f"{prefix}low", f"{prefix}high"


def plot_cells(frame: pd.DataFrame, zero: float | None, name: str = "score") -> ColumnCells:
    """A number and its interval as a dot with whiskers; a faint line at `zero`, the baseline."""
    start, end = plot_range(frame, name)
    if zero is not None:
        start, end = min(start, zero), max(end, zero)
    width = end - start or 1.0

    def x(number: float) -> str:
        """The pixel of a number."""
        return f"{PLOT_START + PLOT_WIDTH * (number - start) / width:.1f}"

    line = "" if zero is None else f'<path class="zero" d="M{x(zero)} 0V16"/>'
    columns = (floats(frame, column) for column in _columns(name))
    html = []
    for value, low, high in zip(*columns, strict=True):
        whisker = f'<path d="M{x(low)} 8H{x(high)}"/>' if isfinite(low) and isfinite(high) else ""
        dot = f'<circle cx="{x(value)}" cy="8" r="3"/>' if isfinite(value) else ""
        html.append(f'<svg class="plot" aria-hidden="true">{line}{whisker}{dot}</svg>')
    return ColumnCells(html)


def curve_cells(entries: Iterable[Sequence[Curve]]) -> ColumnCells:
    """Validation Dice (0 at the bottom, 1 at the top) over the steps, one line per seed.

    The text of a cell, for readers without the picture, is the last value of each line.
    """
    html, keys = [], []
    for entry in entries:
        curves = [curve for curve in entry if curve]
        keys.append(curves[0][-1][1] if curves else nan)
        html.append(_sparkline(curves) if curves else NONE)
    return ColumnCells(html, keys)


def _sparkline(curves: Sequence[Curve]) -> str:
    longest = max([step for curve in curves for step, _ in curve]) or 1
    paths = "".join([f'<path d="{_path(curve, longest)}"/>' for curve in curves])
    last = " ".join([f"{curve[-1][1]:.3f}" for curve in curves])
    label = f"validation Dice by step; at the last one {last}"
    return (
        f'<svg class="curve" viewBox="0 0 {CURVE_WIDTH} {CURVE_HEIGHT}" role="img" '
        f'aria-label="{label}">{paths}</svg> <small>{last}</small>'
    )


def _path(curve: Curve, longest: float) -> str:
    width, height = (CURVE_WIDTH - 2 * CURVE_MARGIN) / longest, CURVE_HEIGHT - 2 * CURVE_MARGIN
    bottom = CURVE_HEIGHT - CURVE_MARGIN
    points = [
        f"{int(CURVE_MARGIN + width * step)} {int(bottom - height * dice)}" for step, dice in curve
    ]
    if len(points) == 1:
        points = [f"{CURVE_MARGIN} {points[0].split()[1]}", *points]
    return "M" + "L".join(points)
