"""The tables of a page: overall, one per target, of all sources and of each, and all records."""

import pandas as pd

from benchmark.scoring.metrics import METRICS
from benchmark.views.cards.source import terms_of_use
from benchmark.views.page.cells import (
    as_list,
    floats,
    interval_cells,
    link_cells,
    long_text_cells,
    mark_cells,
    number_cells,
    rank_cells,
    strings,
    text_cells,
)
from benchmark.views.page.columns import (
    entry_columns,
    failed_column,
    file_column,
    first_column,
    gain_column,
    group_columns,
    lane_columns,
    metric_columns,
    metric_rank_columns,
    not_better_column,
    other_metrics,
    rank_columns,
    score_column,
    seed_scores_column,
    size_column,
    spread_columns,
    target_rank_columns,
    trait_columns,
)
from benchmark.views.page.context import Context
from benchmark.views.page.drawings import curve_cells, plot_cells, plot_range
from benchmark.views.page.table import Column, PageTable


def overall_tables(context: Context) -> dict[str, PageTable]:
    """Mean ranks over all targets, by lane."""
    if not len(context.overall):
        return {}
    lanes = context.by_lane(context.overall)
    return {lane: _overall_table(context, rows, lane) for lane, rows in lanes.items()}


def _overall_table(context: Context, rows: pd.DataFrame, lane: str) -> PageTable:
    """Mean rank over all targets, standardised gain, and the rank on each target."""
    gains = interval_cells(rows, "standardised", "+.2f")
    lacks = strings(rows, "lacks")
    columns = [
        *rank_columns(rows, "mean_rank", "mean rank"),
        *entry_columns(context, rows, context.sized),
        Column("gain", "standardised gain", gains, best_first=True),
        first_column(rows),
        *target_rank_columns(context, rows),
        *trait_columns(context, rows),
        *metric_rank_columns(rows, other_metrics(context.rows)),
        *([Column("lacks", "lacks", long_text_cells(lacks))] if any(lacks) else []),
        *group_columns(rows, "provenance"),
    ]
    return PageTable(f"All targets{_in_lane(lane)}: mean ranks", columns)


def target_tables(context: Context, name: str, rows: pd.DataFrame) -> dict[str, PageTable]:
    """Every entry of one target, by lane."""
    return {
        lane: _target_table(context, part, f"{name}{_in_lane(lane)}: all entries")
        for lane, part in context.by_lane(rows).items()
    }


def _in_lane(lane: str) -> str:
    return f", lane {lane}" if lane else ""


def _target_table(context: Context, rows: pd.DataFrame, caption: str) -> PageTable:
    """Every entry of one target with every number."""
    metric = METRICS[str(rows["main_metric"].iloc[0])]
    baseline = rows[(rows["source"] == context.board.board.baseline) & rows["score"].notna()]
    zero = float(baseline["score"].iloc[0]) if len(baseline) == 1 else None
    low, high = (format(bound, metric.number_format) for bound in plot_range(rows))
    columns = [
        *rank_columns(rows, "rank", "rank"),
        *entry_columns(context, rows, context.sized),
        score_column(rows, metric),
        Column("plot", f"interval, {low} to {high}", plot_cells(rows, zero), drawn=True),
        gain_column(context, rows, metric),
        not_better_column(rows),
        first_column(rows),
        failed_column(rows),
        *trait_columns(context, rows),
        *metric_columns(rows),
        seed_scores_column(context, rows),
        *group_columns(rows, "provenance"),
        *spread_columns(rows),
        *group_columns(rows, "cost"),
    ]
    sizes = as_list(rows["train_subjects"])
    breaks = [row for row in range(1, len(sizes)) if sizes[row] != sizes[row - 1]]
    return PageTable(caption, columns, breaks=breaks)


def source_overview(context: Context) -> PageTable:
    """One row per source: what it learned from what, and on which terms it may be used."""
    rows = context.rows.drop_duplicates("source")
    names = as_list(rows["source"])
    cards = context.registry.sources if context.registry else {}
    known = [cards.get(name.partition("@")[0]) for name in names]
    terms = [
        terms_of_use(context.registry, card) if context.registry and card else ("", "")
        for card in known
    ]
    columns = [
        Column("source", "source", link_cells(names, context.sources)),
        *(Column(name, name, text_cells(strings(rows, name))) for name in ("domain", "task")),
        Column("encoder", "network", text_cells(strings(rows, "encoder"))),
        Column("licence", "licence", long_text_cells(licence for licence, _ in terms)),
        Column("commercial", "commercial use", text_cells(use for _, use in terms)),
    ]
    return PageTable("Sources: what each learned, and its terms of use", columns)


def source_table(context: Context, rows: pd.DataFrame, caption: str) -> PageTable:
    """Every target of one source; the metric is named in each row, since targets differ."""
    curves = [[context.curves.get(path, ()) for path in paths] for paths in rows["records"]]
    metrics = text_cells(METRICS[name].title for name in as_list(rows["main_metric"]))
    columns = [
        Column("target", "target", link_cells(rows["target"], context.targets)),
        Column("marks", "marks", mark_cells(rows)),
        Column("strategy", "strategy", text_cells(rows["strategy"])),
        *lane_columns(context, rows),
        *([size_column(rows)] if context.sized else []),
        Column("rank", "rank", rank_cells(rows, "rank")),
        Column("metric", "metric", metrics),
        Column("score", "score", interval_cells(rows, "score", ".3f"), best_first=True),
        Column("gain", "gain", interval_cells(rows, "gain", "+.3f"), best_first=True),
        Column("curve", "validation Dice, one line per seed", curve_cells(curves), True),
        seed_scores_column(context, rows),
        *group_columns(rows, "provenance"),
    ]
    return PageTable(caption, columns)


def records_table(context: Context) -> PageTable:
    """One row per record, in the order of `context.links`."""
    rows = context.records

    def number(name: str, title: str, style: str, column: str = "", best: bool = False) -> Column:
        return Column(name, title, number_cells(floats(rows, column or name), style), best)

    columns = [
        Column("target", "target", text_cells(rows["target"])),
        *entry_columns(context, rows, sized=True),
        number("seed", "seed", ".0f"),
        number("score", "score", ".3f", best=True),
        *trait_columns(context, rows),
        failed_column(rows),
        number("rate", "learning rate", ".1e", "learning_rate"),
        number("step", "step", ".0f"),
        number("validation", "validation Dice", ".3f", "validation_dice", best=True),
        number("seconds", "fine-tuning s", ".1f", "fine_tuning_seconds"),
        file_column(context, rows),
        *group_columns(rows, "provenance"),
    ]
    return PageTable("Records: one per row", columns, [f"r{row}" for row in range(len(rows))])
