"""Matrices: the gain of every source on every target, and what a sequence forgets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.views.figures.layout import finish, new_figure, wrapped
from benchmark.views.figures.style import (
    Drawing,
    LeftOut,
    covered,
    drawing_rules,
    heading,
    looks,
    sign_note,
    size_name,
    with_direction,
    with_unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL = (1.02, 0.42)  # inches


@dataclass(frozen=True)
class _Cell:
    """What one square shows: a number with its interval, or words."""

    value: float
    text: str
    interval: str = ""
    sure: bool = False
    contaminated: bool = False


def gain_map(board: Leaderboard, size: int) -> Drawing | LeftOut:
    """Gain over the baseline, source x target, for one number of training subjects.

    In the unit of the metric where all targets have the same, else standardised.
    """
    name = f"gain_{f'n{size}' if size else 'nall'}"
    rows = board.rows[board.rows["train_subjects"] == size]
    base = board.board.baseline
    others = rows[rows["source"] != base]
    if not len(others):
        return LeftOut(name, f"no source besides the baseline {base}")
    metrics = set(others["main_metric"])
    metric = METRICS[metrics.pop()] if len(metrics) == 1 else None
    column = "gain" if metric else "standardised"
    if not others[column].notna().any():
        whys = [note for note in others["gain_note"] if note]
        return LeftOut(name, f"no gain over {base} is known: {whys[0] if whys else 'no baseline'}")
    with drawing_rules():
        return _draw_gains(board, name, size, others, metric)


def _draw_gains(
    board: Leaderboard, name: str, size: int, rows: pd.DataFrame, metric: Metric | None
) -> Drawing:
    import seaborn as sns

    known = looks(board, rows)
    order = dict.fromkeys(zip(rows["source"], rows["strategy"], strict=True))
    ranked = board.overall[board.overall["train_subjects"] == size] if len(board.overall) else rows
    entries = [
        (s, t) for s, t in zip(ranked["source"], ranked["strategy"], strict=True) if (s, t) in order
    ]
    entries = list(dict.fromkeys([*entries, *order]))
    targets = [t for t in board.board.targets]
    targets += [str(t) for t in dict.fromkeys(rows["target"]) if t not in targets]
    by_place = {(r["target"], r["source"], r["strategy"]): r for _, r in rows.iterrows()}
    cells = [
        [_cell(board, by_place.get((target, *entry)), (target, *entry), size, metric)
         for target in targets]
        for entry in entries
    ]  # fmt: skip
    values = np.array([[cell.value for cell in row] for row in cells])
    labels = [known[entry].label for entry in entries]
    limit = max(float(np.nanmax(np.abs(values))), 1e-3)
    figure = new_figure(1.9 + CELL[0] * len(targets) + 0.7, max(1.3, CELL[1] * len(entries)) + 0.75)
    axes = figure.add_subplot()
    what = f"gain in {with_unit(metric)}" if metric else "standardised gain [sd between subjects]"
    sns.heatmap(
        values, ax=axes, cmap="PuOr_r", vmin=-limit, vmax=limit, linewidths=1.2, linecolor="white",
        cbar_kws={"label": what, "shrink": 0.9, "aspect": 20 * max(1, len(entries) / 8)},
        mask=np.isnan(values),
        xticklabels=[wrapped(target, 15) for target in targets],
        yticklabels=[wrapped(label) for label in labels],
    )  # fmt: skip
    axes.set_facecolor("#F2F2F2")
    axes.grid(False)
    axes.tick_params(length=0)
    axes.set_xticklabels(axes.get_xticklabels(), rotation=0)
    axes.set_yticklabels(axes.get_yticklabels(), rotation=0)
    axes.set_xlabel("target task")
    axes.set_ylabel("source task")
    for row, line in enumerate(cells):
        for place, cell in enumerate(line):
            _write(axes, place + 0.5, row + 0.5, cell, limit)
    hatched = any(cell.contaminated for row in cells for cell in row)
    notes = [
        f"Gain: paired difference to {board.board.baseline} with the same network and strategy, "
        f"positive is better; below it the {covered(rows)}. Bold: the interval excludes 0."
        + (" Hatched: contaminated." if hatched else ""),
        sign_note(labels),
    ]
    title = heading(board, f"gain over {board.board.baseline}, {size_name(size)}")
    finish(figure, title, notes)
    return Drawing(name, title, figure)


def _cell(
    board: Leaderboard,
    row: "pd.Series[float] | None",
    place: tuple[str, str, str],
    size: int,
    metric: Metric | None,
) -> _Cell:
    column = "gain" if metric else "standardised"
    if row is None:
        target, source, strategy = place
        start = f"{target}/{source}/{strategy}/{f'n{size}' if size else 'nall'}/"
        absent = [path for path in board.missing if path.startswith(start)]
        left = board.clean and len(absent) < len(board.board.seeds)
        return _Cell(np.nan, "contaminated" if left else "not run", contaminated=left)
    dirty = bool(row["contamination"])
    value, low, high = (row[key] for key in (column, f"{column}_low", f"{column}_high"))
    if pd.isna(value):
        words = "unranked" if row["unranked"] else "incomplete"
        words = words if pd.isna(row["rank"]) else "no baseline"
        return _Cell(np.nan, words, contaminated=dirty)
    digits = ".1f" if metric and metric.unit else ".3f" if metric else ".2f"
    text = signed(value, digits)
    if pd.isna(low):
        return _Cell(float(value), text, contaminated=dirty)
    sure = bool(low > 0 or high < 0)
    return _Cell(
        float(value), text, f"[{signed(low, digits)}, {signed(high, digits)}]", sure, dirty
    )


def signed(value: float, style: str) -> str:
    """A number with its sign, the minus as printers set it."""
    return f"{value:+{style}}".replace("-", "\u2212")


def _write(axes: "Axes", x: float, y: float, cell: _Cell, limit: float) -> None:
    from matplotlib.patches import Rectangle

    known = not np.isnan(cell.value)
    colour = "white" if known and abs(cell.value) > 0.72 * limit else "#111111"
    if cell.contaminated:
        axes.add_patch(
            Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, hatch="////", edgecolor="#888888",
                      linewidth=0)
        )  # fmt: skip
    if not known:
        axes.text(x, y, cell.text, ha="center", va="center", fontsize=6.5, style="italic",
                  color="#444444")  # fmt: skip
        return
    box = {"facecolor": _under(cell, limit), "edgecolor": "none", "pad": 0.8}
    background = box if cell.contaminated else None
    lift = 0.16 if cell.interval else 0
    axes.text(x, y - lift, cell.text, ha="center", va="center", fontsize=8, color=colour,
              weight="bold" if cell.sure else "normal", bbox=background)  # fmt: skip
    if cell.interval:
        axes.text(x, y + 0.2, cell.interval, ha="center", va="center", fontsize=5.6, color=colour,
                  bbox=background)  # fmt: skip


def _under(cell: _Cell, limit: float) -> tuple[float, ...]:
    import matplotlib

    colours = matplotlib.colormaps["PuOr_r"]
    return tuple(float(v) for v in colours((cell.value / limit + 1) / 2))


def forgetting_matrix(
    scores: npt.NDArray[np.float64],
    tasks: Sequence[str],
    metric: Metric,
    title: str = "Sequential transfer",
    notes: Sequence[str] = (),
) -> Drawing | LeftOut:
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
        return LeftOut(name, f"a matrix of shape {scores.shape} for {len(tasks)} tasks")
    if len(tasks) < 2:
        return LeftOut(name, "a sequence needs two or more tasks")
    if not np.isfinite(scores).any():
        return LeftOut(name, "no score is known")
    with drawing_rules():
        figure = new_figure(2.3 + 0.75 * len(tasks), 0.9 + 0.55 * len(tasks))
        axes = figure.add_subplot()
        import seaborn as sns
        from matplotlib.patches import Rectangle

        sns.heatmap(
            scores, ax=axes, cmap="cividis" if metric.higher_is_better else "cividis_r",
            annot=True, fmt=".1f" if metric.unit else ".3f", annot_kws={"size": 8},
            linewidths=1.2, linecolor="white", cbar_kws={"label": with_direction(metric)},
            xticklabels=[wrapped(task, 14) for task in tasks],
            yticklabels=[f"{k}. {wrapped(task)}" for k, task in enumerate(tasks, start=1)],
            mask=~np.isfinite(scores),
        )  # fmt: skip
        axes.grid(False)
        axes.tick_params(length=0, rotation=0)
        axes.set_xlabel("scored on task j")
        axes.set_ylabel("after training on task i")
        for k in range(len(tasks)):
            axes.add_patch(
                Rectangle((k, k), 1, 1, fill=False, edgecolor="black", linewidth=1.4, zorder=3)
            )
        foot = (
            "R[i, j]: score on task j after training on tasks 1 to i in turn. Framed: the task "
            "just learned. Below the frame: what is kept of earlier tasks; above: tasks not yet "
            "seen."
        )
        finish(figure, title, [foot, *notes])
    return Drawing(name, title, figure)
