"""Matrices: the gain of every source on every target, and the forgetting of a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey, LaneSize
from benchmark.records.cell import cell_path
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.views.figures.frame import (
    Drawing,
    NotDrawn,
    drawing_rules,
    finish,
    new_figure,
    wrapped,
)
from benchmark.views.figures.style import (
    heading,
    interval_coverage,
    looks,
    sign_note,
    size_code,
    size_name,
    size_rows,
    with_direction,
    with_unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL = (1.02, 0.42)  # inches
GAIN_COLOURS = "PuOr_r"
SOME_SEEDS = "\u2021"  # double dagger; the dagger marks contaminated sources


@dataclass(frozen=True)
class _Square:
    """Content of one square: a number with its interval, or words."""

    value: float
    text: str
    interval: str = ""
    significant: bool = False
    contaminated: bool = False


def gain_map(board: Leaderboard, size: LaneSize) -> Drawing | NotDrawn:
    """Gain over the baseline, source x target, of one lane and number of training subjects.

    In the unit of the metric where all targets have the same, else standardised.
    """
    name, baseline = f"gain_{size_code(size)}", board.board.baseline
    rows = size_rows(board.rows, size)
    rows = rows[rows["source"] != baseline]
    if not len(rows):
        return NotDrawn(name, f"no source besides the baseline {baseline}")
    metrics = set(rows["main_metric"])
    metric = METRICS[metrics.pop()] if len(metrics) == 1 else None
    if not rows["gain" if metric else "standardised"].notna().any():
        whys = [note for note in rows["gain_note"] if note]
        why = whys[0] if whys else "no baseline"
        return NotDrawn(name, f"no gain over {baseline} is known: {why}")
    known, entries = looks(board, rows), _entries(board, rows, size)
    targets = list(dict.fromkeys([*board.board.targets, *map(str, rows["target"])]))
    by_cell = {(r["target"], r["source"], r["strategy"]): r for _, r in rows.iterrows()}
    squares = [
        [_square(metric, by_cell[target, *entry]) if (target, *entry) in by_cell
         else _missing(board, target, entry, size) for target in targets]
        for entry in entries
    ]  # fmt: skip
    labels = [known[entry].label for entry in entries]
    some_seeds = (rows["gain"].notna() & (rows["gain_note"] != "")).any()
    contaminated = any(square.contaminated for line in squares for square in line)
    notes = [
        f"Gain: paired difference to {baseline} with the same network and strategy, positive is "
        f"better; below it the {interval_coverage(rows)}. Bold: the interval excludes 0."
        + (" Hatched: contaminated." if contaminated else "")
        + (f" {SOME_SEEDS}: not over all seeds." if some_seeds else ""),
        sign_note(labels),
    ]
    title = heading(board, f"gain over {baseline}, {size_name(board, size)}")
    unit = f"gain in {with_unit(metric)}" if metric else "standardised gain [sd between subjects]"
    with drawing_rules():
        figure = new_figure(
            1.9 + CELL[0] * len(targets) + 0.7, max(1.3, CELL[1] * len(entries)) + 0.75
        )
        _draw_gains(figure.add_subplot(), squares, targets, labels, unit)
        finish(figure, title, notes)
    return Drawing(name, title, figure)


def _entries(board: Leaderboard, rows: pd.DataFrame, size: LaneSize) -> list[EntryKey]:
    """Entries of the rows, in the order of the overall table."""
    ranked = size_rows(board.overall, size) if len(board.overall) else rows
    present = dict.fromkeys(zip(rows["source"], rows["strategy"], strict=True))
    order = zip(ranked["source"], ranked["strategy"], strict=True)
    return list(dict.fromkeys([*(entry for entry in order if entry in present), *present]))


def _missing(board: Leaderboard, target: str, entry: EntryKey, size: LaneSize) -> _Square:
    """The square of an entry without a row."""
    cells = {cell_path(target, *entry, size.train_subjects, seed, size.lane)
             for seed in board.board.seeds}  # fmt: skip
    missing = cells.intersection(board.missing)
    left_out = board.clean and len(missing) < len(board.board.seeds)
    return _Square(np.nan, "contaminated" if left_out else "not run", contaminated=left_out)


def _square(metric: Metric | None, row: "pd.Series[Any]") -> _Square:
    column = "gain" if metric else "standardised"
    contaminated = bool(row["contamination"])
    value, low, high = (row[key] for key in (column, f"{column}_low", f"{column}_high"))
    if pd.isna(value):
        words = "unranked" if row["unranked"] else "incomplete"
        words = words if pd.isna(row["rank"]) else "no baseline"
        return _Square(np.nan, words, contaminated=contaminated)
    digits = ".1f" if metric and metric.unit else ".3f" if metric else ".2f"
    text = _signed(value, digits) + SOME_SEEDS * bool(row["gain_note"])
    if pd.isna(low):
        return _Square(float(value), text, contaminated=contaminated)
    interval = f"[{_signed(low, digits)}, {_signed(high, digits)}]"
    return _Square(float(value), text, interval, bool(low > 0 or high < 0), contaminated)


def _signed(value: float, style: str) -> str:
    """A number with its sign, the minus in its typographic form."""
    return f"{value:+{style}}".replace("-", "\u2212")


def _draw_gains(
    axes: "Axes",
    squares: Sequence[Sequence[_Square]],
    targets: Sequence[str],
    labels: Sequence[str],
    unit: str,
) -> None:
    values = np.array([[square.value for square in line] for line in squares])
    limit = max(float(np.nanmax(np.abs(values))), 1e-3)
    shape = {"shrink": 0.9, "aspect": 20 * max(1, len(labels) / 8)}
    _heat_map(
        axes, values, [wrapped(target, 15) for target in targets], [*map(wrapped, labels)], unit,
        shape, cmap=GAIN_COLOURS, vmin=-limit, vmax=limit,
    )  # fmt: skip
    axes.set_facecolor("#F2F2F2")
    axes.set_xlabel("target task")
    axes.set_ylabel("source task")
    for row, line in enumerate(squares):
        for column, square in enumerate(line):
            _write(axes, column + 0.5, row + 0.5, square, limit)


def _heat_map(
    axes: "Axes",
    values: npt.NDArray[np.float64],
    columns: Sequence[str],
    rows: Sequence[str],
    label: str,
    shape: dict[str, float],
    **options: object,
) -> None:
    """A matrix with upright names, white lines, and empty squares where there is no number."""
    import seaborn as sns

    sns.heatmap(
        values, ax=axes, mask=~np.isfinite(values), linewidths=1.2, linecolor="white",
        xticklabels=columns, yticklabels=rows, cbar_kws={"label": label, **shape}, **options,
    )  # fmt: skip
    axes.grid(False)
    axes.tick_params(length=0, rotation=0)


def _write(axes: "Axes", x: float, y: float, square: _Square, limit: float) -> None:
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
    scores: npt.NDArray[np.float64],
    tasks: Sequence[str],
    metric: Metric,
    title: str = "Sequential transfer",
    notes: Sequence[str] = (),
) -> Drawing | NotDrawn:
    """R[i, j]: the score on task j after training on the tasks up to i, one after the other.

    Args:
        scores: (tasks, tasks), NaN where nothing was scored.
        tasks: Their names, in the order of training.
        metric: Of the scores.
        title: Heading.
        notes: Lines at the foot, such as that the data are synthetic.
    """
    name = "forgetting"
    if scores.shape != (len(tasks), len(tasks)):
        return NotDrawn(name, f"a matrix of shape {scores.shape} for {len(tasks)} tasks")
    if len(tasks) < 2:
        return NotDrawn(name, "a sequence needs two or more tasks")
    if not np.isfinite(scores).any():
        return NotDrawn(name, "no score is known")
    note = (
        "R[i, j]: score on task j after training on tasks 1 to i in turn. Framed: the task just "
        "learned. Below the frame: what is kept of earlier tasks; above: tasks not yet seen."
    )
    with drawing_rules():
        from matplotlib.patches import Rectangle

        figure = new_figure(2.3 + 0.75 * len(tasks), 0.9 + 0.55 * len(tasks))
        axes = figure.add_subplot()
        _heat_map(
            axes, scores, [wrapped(task, 14) for task in tasks],
            [f"{k}. {wrapped(task)}" for k, task in enumerate(tasks, start=1)],
            with_direction(metric), {}, cmap="cividis" if metric.higher_is_better else "cividis_r",
            annot=True, fmt=".1f" if metric.unit else ".3f", annot_kws={"size": 8},
        )  # fmt: skip
        axes.set_xlabel("scored on task j")
        axes.set_ylabel("after training on task i")
        for k in range(len(tasks)):
            axes.add_patch(
                Rectangle((k, k), 1, 1, fill=False, edgecolor="black", linewidth=1.4, zorder=3)
            )
        finish(figure, title, [note, *notes])
    return Drawing(name, title, figure)
