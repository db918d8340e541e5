"""Columns of a page's tables that a reader asks for: metrics, spread, cost, provenance."""

from collections.abc import Iterator

import pandas as pd

from benchmark.leaderboard.columns import COLUMNS
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.views.page.cells import estimates, floats, numbers, sentences, strings, texts
from benchmark.views.page.table import INTERVAL, Column


def other_metrics(rows: pd.DataFrame) -> dict[str, str]:
    """Titles of the metrics that are not the main one everywhere, by their group of columns."""
    mains = set(rows["main_metric"]) if len(rows) else set()
    return {
        f"metric {name}": metric.title
        for name, metric in METRICS.items()
        if {name} != mains and f"mean_{name}" in rows and rows[f"mean_{name}"].notna().any()
    }


def other_metrics_columns(rows: pd.DataFrame) -> Iterator[Column]:
    """Every metric besides the main one."""
    for group in other_metrics(rows):
        metric = METRICS[group.removeprefix("metric ")]
        cells = numbers(floats(rows, f"mean_{metric.name}"), metric.number_format)
        yield Column(
            metric.name, heading(metric), cells, True, metric.higher_is_better, group=group
        )


def group_columns(rows: pd.DataFrame, group: str) -> Iterator[Column]:
    """The columns of one group of the schema that these rows have."""
    for column in COLUMNS:
        if column.group == group and column.name in rows:
            is_number = column.kind != "text"
            if is_number:
                cells = numbers(floats(rows, column.name), column.style)
            else:
                cell = sentences if column.style == "long" else texts
                cells = cell(strings(rows, column.name))
            yield Column(column.name, column.title, cells, is_number, group=group)


def spread_columns(rows: pd.DataFrame) -> Iterator[Column]:
    """Standardised gain, number of seeds, and the sources of variance of the scores."""
    gains = estimates(rows, "standardised", "+.2f")
    yield Column(
        "standardised", "standardised gain", gains, True, True, group="spread", parts=INTERVAL
    )
    seeds = [
        f"{len(paths)} of {wanted}"
        for paths, wanted in zip(rows["records"], rows["seeds_wanted"], strict=True)
    ]
    yield Column("seeds", "seeds", texts(seeds), group="spread")
    yield from group_columns(rows, "spread")


def heading(metric: Metric) -> str:
    """Title with unit and direction."""
    return f"{metric.title}{metric.unit_suffix} {metric.arrow}"
