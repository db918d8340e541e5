"""Quality against cost: one panel per cost and timing method, with the Pareto front in each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey, Setting
from benchmark.leaderboard.rows import entries_of, main_metric
from benchmark.statistics.pareto import pareto_front
from benchmark.views.figures import frame, style
from benchmark.views.figures.frame import Drawing, NotDrawn
from benchmark.views.figures.style import Look


@dataclass(frozen=True)
class CostAxis:
    """A column of costs as an axis.

    Attributes:
        column: Its name.
        title: With unit.
        scale: What a value is divided by.
        method: Column with the method of measurement; "" for what is counted.
    """

    column: str
    title: str
    scale: float
    method: str = ""


@dataclass(frozen=True)
class CostPanel:
    """One cost, measured in one way.

    Attributes:
        axis: The cost.
        method: How it is measured.
        rows: Entries with their `cost` in the unit of the axis, and whether they are on the
            Pareto `front`.
    """

    axis: CostAxis
    method: str
    rows: pd.DataFrame

    @property
    def log(self) -> bool:
        """Whether the costs differ so much that their axis is logarithmic."""
        return bool(self.rows["cost"].max() > 20 * self.rows["cost"].min() > 0)


SUBJECT = "quality against cost"
ALIKE = ["encoder", "strategy", "lane"]  # entries with these in common cost the same
COST_AXES = (
    CostAxis("trainable_parameters", "trainable parameters [million]", 1e6),
    CostAxis("total_parameters", "all parameters [million]", 1e6),
    CostAxis("training_gflop", "training operations [TFLOP]", 1e3),
    CostAxis("fine_tuning_seconds", "fine-tuning time [s]", 1.0, "timing"),
    CostAxis("peak_memory_mib", "peak memory [MiB]", 1.0, "timing"),
    CostAxis("energy_joules", "energy [J]", 1.0, "energy_method"),
)


def cost_fronts(board: Leaderboard, setting: Setting) -> Drawing | NotDrawn:
    """Mean score of one target and size against every cost in which entries differ."""
    name = f"pareto_{setting.target}_{style.size_code(setting.lane_size)}"
    rows = board.ranked_rows(setting)
    if len(rows) < 2:
        return NotDrawn(name, "a front needs two or more ranked entries")
    differing, same = cost_panels(rows)
    if not differing:
        return NotDrawn(name, "all entries cost the same, or one per timing method")
    with frame.drawing_rules():
        return _draw(board, name, setting, differing, same)


def cost_panels(rows: pd.DataFrame) -> tuple[list[CostPanel], list[str]]:
    """A panel per cost in which entries differ, and the names of the other costs.

    Times, memory and energy have a panel for each method of measurement. Weights do not change
    what a network and strategy cost, so each entry has the median over all sources of its own:
    without that the front would be drawn through the noise of the clock.
    """
    differing: list[CostPanel] = []
    same: list[str] = []
    for axis in COST_AXES:
        if axis.column not in rows or axis.method not in ("", *rows):
            continue
        methods = rows[axis.method] if axis.method else pd.Series("counted", rows.index)
        for method, part in rows.assign(method=methods).groupby("method", sort=True):
            part = part[part[axis.column].notna()]
            if axis.method:
                alike = part.groupby(ALIKE)[axis.column]
                part = part.assign(**{axis.column: alike.transform("median")})
            if len(part) > 1 and part[axis.column].nunique() > 1:
                part = part.assign(cost=part[axis.column] / axis.scale)
                oriented = main_metric(part).sign * part["score"].to_numpy(dtype=np.float64)
                front = pareto_front(oriented, part["cost"].to_numpy(dtype=np.float64))
                differing.append(CostPanel(axis, str(method), part.assign(front=front)))
            elif len(part):
                same.append(axis.title.split(" [")[0])
    return differing, list(dict.fromkeys(same))


def _draw(
    board: Leaderboard, name: str, setting: Setting, shown: Sequence[CostPanel], same: Sequence[str]
) -> Drawing:
    rows = pd.concat([panel.rows for panel in shown])
    known = style.looks(board, rows)
    entries: list[EntryKey] = list(dict.fromkeys(entries_of(rows)))
    figure, grid = frame.panels(len(shown))
    for axes, panel in zip(grid, shown, strict=True):
        _draw_panel(axes, panel, known, entries)
    alike = f" The same for all entries or known of one: {', '.join(same)}." if same else ""
    notes = [
        "Numbers: see the legend. Filled: on the Pareto front (no entry is at least as good and "
        "as cheap, and better in one); grey line: the best score for that much. Times, memory "
        "and energy are medians over the sources of one network and strategy, compared within one "
        f"timing method only. Bars: {style.interval_coverage(rows)}.{alike}",
        style.sign_note([known[entry].label for entry in entries]),
    ]
    legend = [
        known[entry].handle(line=False, prefix=f"{number} ")
        for number, entry in enumerate(entries, start=1)
    ]
    title = style.setting_heading(board, setting, SUBJECT)
    frame.finish(figure, title, notes, legend)
    return Drawing(name, title, figure)


def _draw_panel(
    axes: "frame.Axes", panel: CostPanel, known: dict[EntryKey, Look], entries: Sequence[EntryKey]
) -> None:
    front = panel.rows[panel.rows["front"]].sort_values("cost")
    axes.step(front["cost"], front["score"], where="post", color="#999999", linewidth=1.1, zorder=1)
    for _, row in panel.rows.iterrows():
        entry = row["source"], row["strategy"]
        look, point = known[entry], (row["cost"], row["score"])
        if pd.notna(row["low"]):
            axes.plot(
                [row["cost"]] * 2, [row["low"], row["high"]], color=look.colour, linewidth=0.8
            )
        axes.scatter(
            *point, s=30, marker=look.marker, edgecolors=look.colour,
            facecolors=look.colour if row["front"] else "white", linewidths=1, zorder=3,
        )  # fmt: skip
        number = str(entries.index(entry) + 1)
        axes.annotate(number, point, (4, 3), textcoords="offset points", fontsize=6)
    if panel.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(panel.axis.title)
    axes.set_ylabel(style.with_direction(main_metric(panel.rows)))
    if panel.axis.method:
        axes.set_title(frame.wrapped(panel.method, 44), fontsize=7)
