"""The tables of a page: overall, one per target, of all sources and of each, and all records."""

import pandas as pd

from benchmark.leaderboard.rows import main_metric
from benchmark.scoring.metrics import METRICS
from benchmark.views.cards.source import terms_of_use
from benchmark.views.page import cells, columns
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
    gains = cells.intervals(rows, "standardised", "+.2f")
    lacks = cells.strings(rows, "lacks")
    shown = [
        *columns.ranks(rows, "mean_rank", "mean rank"),
        *columns.entry(context, rows, context.sized),
        Column("gain", "standardised gain", gains, best_first=True),
        columns.first(rows),
        *columns.target_ranks(context, rows),
        *columns.traits(context, rows),
        *columns.metric_ranks(rows, columns.other_metrics(context.rows)),
        *([Column("lacks", "lacks", cells.long_texts(lacks))] if any(lacks) else []),
        *columns.of_group(rows, "provenance"),
    ]
    return PageTable(f"All targets{_in_lane(lane)}: mean ranks", shown)


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
    metric = main_metric(rows)
    baseline = rows[(rows["source"] == context.board.board.baseline) & rows["score"].notna()]
    zero = float(baseline["score"].iloc[0]) if len(baseline) == 1 else None
    low, high = (format(bound, metric.number_format) for bound in plot_range(rows))
    shown = [
        *columns.ranks(rows, "rank", "rank"),
        *columns.entry(context, rows, context.sized),
        columns.score(rows, metric),
        Column("plot", f"interval, {low} to {high}", plot_cells(rows, zero), drawn=True),
        columns.gain(context, rows, metric),
        columns.not_better(rows),
        columns.first(rows),
        columns.failed(rows),
        *columns.traits(context, rows),
        *columns.metrics(rows),
        columns.seed_scores(context, rows),
        *columns.of_group(rows, "provenance"),
        *columns.spread(rows),
        *columns.of_group(rows, "cost"),
    ]
    sizes = cells.as_list(rows["train_subjects"])
    breaks = [row for row in range(1, len(sizes)) if sizes[row] != sizes[row - 1]]
    return PageTable(caption, shown, breaks=breaks)


def source_overview(context: Context) -> PageTable:
    """One row per source: what it learned from what, and on which terms it may be used."""
    rows = context.rows.drop_duplicates("source")
    names = cells.as_list(rows["source"])
    cards = [context.registry.sources.get(name.partition("@")[0]) for name in names]
    terms = [terms_of_use(context.registry, card) if card else ("", "") for card in cards]
    shown = [
        Column("source", "source", cells.links(names, context.sources)),
        columns.text(rows, "domain"),
        columns.text(rows, "task"),
        columns.text(rows, "encoder", "network"),
        Column("licence", "licence", cells.long_texts(licence for licence, _ in terms)),
        Column("commercial", "commercial use", cells.texts(use for _, use in terms)),
    ]
    return PageTable("Sources: what each learned, and its terms of use", shown)


def source_table(context: Context, rows: pd.DataFrame, caption: str) -> PageTable:
    """Every target of one source; the metric is named in each row, since targets differ."""
    curves = [[context.curves.get(path, ()) for path in paths] for paths in rows["records"]]
    metrics = cells.texts(METRICS[name].title for name in cells.as_list(rows["main_metric"]))
    shown = [
        Column("target", "target", cells.links(rows["target"], context.targets)),
        Column("marks", "marks", cells.marks(rows)),
        columns.text(rows, "strategy"),
        *columns.lanes(context, rows),
        *([columns.size(rows)] if context.sized else []),
        Column("rank", "rank", cells.ranks(rows, "rank")),
        Column("metric", "metric", metrics),
        Column("score", "score", cells.intervals(rows, "score", ".3f"), best_first=True),
        Column("gain", "gain", cells.intervals(rows, "gain", "+.3f"), best_first=True),
        Column("curve", "validation Dice, one line per seed", curve_cells(curves), True),
        columns.seed_scores(context, rows),
        *columns.of_group(rows, "provenance"),
    ]
    return PageTable(caption, shown)


def records_table(context: Context) -> PageTable:
    """One row per record, in the order of `context.links`."""
    rows, number = context.records, columns.number
    shown = [
        columns.text(rows, "target"),
        *columns.entry(context, rows, sized=True),
        number(rows, "seed", "seed", ".0f"),
        number(rows, "score", "score", ".3f", best_first=True),
        *columns.traits(context, rows),
        columns.failed(rows),
        number(rows, "rate", "learning rate", ".1e", column="learning_rate"),
        number(rows, "step", "step", ".0f"),
        number(rows, "validation", "validation Dice", ".3f", column="validation_dice",
               best_first=True),
        number(rows, "seconds", "fine-tuning s", ".1f", column="fine_tuning_seconds"),
        columns.file(context, rows),
        *columns.of_group(rows, "provenance"),
    ]  # fmt: skip
    return PageTable("Records: one per row", shown, [f"r{row}" for row in range(len(rows))])
