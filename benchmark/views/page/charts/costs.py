"""Score against cost with the Pareto front: size of the network, and fine-tuning time."""

from collections.abc import Iterator, Mapping

import pandas as pd
from markupsafe import Markup

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey, Setting
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.pareto import pareto_front
from benchmark.views.figures.costs import CostPanel, cost_panels
from benchmark.views.figures.frame import shortened
from benchmark.views.figures.style import (
    Look,
    heading,
    interval_coverage,
    looks,
    setting_rows,
    sign_note,
    size_name,
    with_direction,
)
from benchmark.views.page.charts.svg import (
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    Axis,
    Chart,
    colour,
    frame,
    legend_entry,
    marker,
    path,
    score_axis,
    svg,
    text,
    whisker,
)
from benchmark.views.text import TextTable, format_interval

COLUMNS = ("total_parameters", "fine_tuning_seconds")


def cost_chart(board: Leaderboard, setting: Setting) -> Chart | None:
    """The ranked entries of one setting; None where their costs do not differ."""
    rows = setting_rows(board, setting)
    rows = rows[rows["rank"].notna()]
    panels = [panel for panel in cost_panels(rows)[0] if panel.axis.column in COLUMNS]
    if not panels:
        return None
    known = looks(board, rows)
    entries = [*zip(rows["source"], rows["strategy"], strict=True)]
    numbers = {entry: number for number, entry in enumerate(entries, start=1)}
    size = size_name(board, setting.lane_size)
    title = heading(board, f"{setting.target}, quality against cost, {size}")
    notes = [
        "Filled: on the Pareto front (no entry is at least as good and as cheap, and better in "
        "one); grey line: the best score for that much. Times are medians over the sources of one "
        "network and strategy, compared within one timing method only. Bars: "
        f"{interval_coverage(rows)}.",
        sign_note([known[entry].label for entry in entries]),
    ]
    drawings = [_panel(panel, known, numbers) for panel in panels]
    legend = [legend_entry(known[entry], f"{numbers[entry]} ") for entry in entries]
    return Chart(title, [*filter(None, notes)], drawings, _table(title, panels, known), legend)


def _with_front(panel: CostPanel) -> pd.DataFrame:
    """The rows of a panel with their cost in the unit of the axis, and whether on the front."""
    metric = METRICS[str(panel.rows["main_metric"].iloc[0])]
    table = panel.rows.assign(cost=panel.rows[panel.axis.column] / panel.axis.scale)
    return table.assign(front=pareto_front(table, metric.higher_is_better))


def _panel(
    panel: CostPanel, known: Mapping[EntryKey, Look], numbers: Mapping[EntryKey, int]
) -> Markup:
    table = _with_front(panel)
    log = table["cost"].max() > 20 * table["cost"].min() > 0
    x = Axis.around(table["cost"], LEFT + 6, WIDTH - RIGHT - 14, log)
    y = score_axis(table)
    metric = METRICS[str(table["main_metric"].iloc[0])]
    method = shortened(panel.method, 52) if panel.axis.method else "counted"
    parts = frame(x, y, method, panel.axis.title, with_direction(metric))
    front = table[table["front"]].sort_values("cost")
    columns = (front[name].astype(float).tolist() for name in ("cost", "score"))
    places = [(x.at(cost), y.at(score)) for cost, score in zip(*columns, strict=True)]
    steps = "".join(f"H{px:.1f}V{py:.1f}" for px, py in places[1:])
    first = "{:.1f} {:.1f}".format(*places[0])
    parts.append(path(f"M{first}{steps}H{WIDTH - RIGHT}", "front"))
    parts += _points(table, x, y, known, numbers)
    return svg(WIDTH, HEIGHT, f"score against {panel.axis.title}, {method}", parts)


def _points(
    table: pd.DataFrame,
    x: Axis,
    y: Axis,
    known: Mapping[EntryKey, Look],
    numbers: Mapping[EntryKey, int],
) -> Iterator[str]:
    for _, row in table.iterrows():
        entry = row["source"], row["strategy"]
        px, py = x.at(row["cost"]), y.at(row["score"])
        low, high = float(row["low"]), float(row["high"])
        yield whisker(px, y.at(low), y.at(high), colour(known[entry]))
        yield marker(known[entry], px, py, filled=bool(row["front"]))
        yield text(px + 7, py - 4, str(numbers[entry]), "tiny")


def _table(title: str, panels: list[CostPanel], known: Mapping[EntryKey, Look]) -> TextTable:
    rows = [
        [
            known[row["source"], row["strategy"]].label,
            panel.axis.title,
            panel.method,
            f"{row['cost']:.3g}",
            format_interval(row["score"], row["low"], row["high"],
                            METRICS[row["main_metric"]].number_format),
            "yes" if row["front"] else "no",
        ]
        for panel in panels
        for _, row in _with_front(panel).iterrows()
    ]  # fmt: skip
    heads = ["entry", "cost", "measured by", "value", "score [95 %]", "on the front"]
    return TextTable(f"{title}, table", heads, rows)
