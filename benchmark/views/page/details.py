"""Columns of a page's tables that a reader asks for: metrics, spread, cost, provenance."""

from collections.abc import Iterator

import pandas as pd

from benchmark.scoring.metrics import METRICS, Metric
from benchmark.views.page.cells import estimates, floats, numbers, sentences, strings, texts
from benchmark.views.page.table import INTERVAL, Column

COSTS = (
    ("trainable_parameters", "trainable parameters", ",.0f"),
    ("total_parameters", "total parameters", ",.0f"),
    ("training_gflop", "training GFLOP", ",.0f"),
    ("fine_tuning_seconds", "fine-tuning s", ",.1f"),
    ("peak_memory_mib", "peak memory MiB", ",.0f"),
    ("energy_joules", "energy J", ",.0f"),
    ("gpu_utilisation_percent", "GPU busy %", ".0f"),
)


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


def provenance_columns(rows: pd.DataFrame) -> Iterator[Column]:
    """Trust level, training subjects, network."""
    yield Column("trust", "trust", texts(rows["trust"]), group="provenance")
    if "train_subjects_used" in rows:
        used = numbers(floats(rows, "train_subjects_used"), ".0f")
        yield Column("used", "training subjects used", used, True, group="provenance")
    if "encoder" in rows:
        yield Column("encoder", "encoder", texts(rows["encoder"]), group="provenance")


def spread_columns(rows: pd.DataFrame) -> Iterator[Column]:
    """Standardised gain, and what makes the scores differ."""
    gains = estimates(rows, "standardised", "+.2f")
    yield Column(
        "standardised", "standardised gain", gains, True, True, group="spread", parts=INTERVAL
    )
    for name in ("seed_sd", "subject_sd"):
        cells = numbers(floats(rows, name), ".3f")
        yield Column(name, name.replace("_sd", " SD"), cells, True, group="spread")
    seeds = [f"{own} of {all_}" for own, all_ in zip(
        (len(paths) for paths in rows["records"]), rows["seeds_wanted"], strict=True)]  # fmt: skip
    yield Column("seeds", "seeds", texts(seeds), group="spread")
    covers = texts(strings(rows, "interval_covers"))
    yield Column("covers", "interval covers", covers, group="spread")


def cost_columns(rows: pd.DataFrame) -> Iterator[Column]:
    """What an entry costs, and how that was measured."""
    for name, title, form in COSTS:
        yield Column(name, title, numbers(floats(rows, name), form), True, group="cost")
    yield Column("timing", "timed on", texts(strings(rows, "timing")), group="cost")
    methods = sentences(strings(rows, "energy_method"))
    yield Column("energy_method", "energy measured by", methods, group="cost")


def heading(metric: Metric) -> str:
    """Title with unit and direction."""
    return f"{metric.title}{metric.unit_suffix} {metric.arrow}"
