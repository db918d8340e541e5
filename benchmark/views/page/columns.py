"""The columns that a page's tables are made of."""

from collections.abc import Iterable, Iterator

import pandas as pd

from benchmark.leaderboard.columns import COLUMNS, MEAN, RANK_BY
from benchmark.leaderboard.metric_ranks import ENTRY
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.views.footnotes import FEW
from benchmark.views.page.cells import (
    ColumnCells,
    as_list,
    escaped,
    floats,
    interval_cells,
    link_cells,
    long_text_cells,
    mark_cells,
    number_cells,
    rank_cells,
    share_cells,
    size_cells,
    strings,
    text_cells,
)
from benchmark.views.page.context import Context
from benchmark.views.page.table import Column

SHOWN_TARGETS = 4  # more ranks than these are shown when asked for


def column_groups(context: Context) -> dict[str, str]:
    """Titles of the groups of columns that a reader can ask for, by their name."""
    metrics = {f"metric {metric.name}": metric.title for metric in other_metrics(context.rows)}
    groups = {"metric": "all metrics"} | metrics if metrics else {}
    groups |= {"spread": "spread and seeds", "cost": "cost", "provenance": "provenance"}
    if len(context.targets) > SHOWN_TARGETS and len(context.overall):
        groups["targets"] = "rank on each target"
    return groups


def entry_columns(context: Context, rows: pd.DataFrame, sized: bool) -> Iterator[Column]:
    """The entry of a row: source, strategy if there are several, number of subjects."""
    yield Column("source", "source", link_cells(rows["source"], context.sources))
    if context.several_strategies:
        yield _strategy_column(rows)
    if sized:
        yield size_column(rows)


def trait_columns(context: Context, rows: pd.DataFrame) -> Iterator[Column]:
    """What is known of an entry besides its results, and what all entries of the table share."""
    yield Column("marks", "marks", mark_cells(rows))
    for name in ("domain", "task"):
        yield Column(name, name, text_cells(strings(rows, name)))
    if not context.several_strategies:
        yield _strategy_column(rows)
    yield from lane_columns(context, rows)


def _strategy_column(rows: pd.DataFrame) -> Column:
    return Column("strategy", "strategy", text_cells(strings(rows, "strategy")))


def lane_columns(context: Context, rows: pd.DataFrame) -> Iterator[Column]:
    """The lane, if the board has several."""
    if context.laned:
        yield Column("lane", "lane", text_cells(strings(rows, "lane")))


def size_column(rows: pd.DataFrame) -> Column:
    """Number of training subjects."""
    return Column("size", "n", size_cells(int(size) for size in rows["train_subjects"]))


def subjects_column(rows: pd.DataFrame) -> Column:
    """Number of test subjects, with a note where it is small."""
    counts = floats(rows, "subjects")
    html = [f"{n:.0f}" + (f" <small>n &lt; {FEW}</small>" if n < FEW else "") for n in counts]
    return Column("subjects", "test subjects", ColumnCells(html, counts))


def rank_columns(rows: pd.DataFrame, rank: str, title: str) -> Iterator[Column]:
    """The rank, and the one without contaminated entries if it is known."""
    yield Column("rank", title, rank_cells(rows, rank))
    if f"clean_{rank}" in rows:
        names = {f"clean_{name}": name for name in (rank, "rank_low", "rank_high", "group")}
        clean = rows[list(names)].rename(columns=names)
        yield Column("clean_rank", f"{title}, clean", rank_cells(clean, rank))


def first_column(rows: pd.DataFrame) -> Column:
    """Probability that the entry is the first of its table."""
    cells = number_cells(floats(rows, "p_rank_1"), ".2f")
    return Column("p_rank_1", "P(rank 1)", cells, best_first=True)


def target_rank_columns(context: Context, rows: pd.DataFrame) -> Iterator[Column]:
    """The rank on each target of the board, from the tables below."""
    group = "targets" if len(context.targets) > SHOWN_TARGETS else ""
    for target, anchor in context.targets.items():
        on_target = context.rows[context.rows["target"] == target]
        ranked = rows[ENTRY].merge(on_target[[*ENTRY, "rank"]], on=ENTRY, how="left")
        cells = number_cells(floats(ranked, "rank"), ".3g")
        links = [f'<a href="#{anchor}">{text}</a>' for text in cells.html]
        yield Column(
            f"rank {anchor}", f"rank on {target}", ColumnCells(links, cells.keys), group=group
        )


def score_column(rows: pd.DataFrame, metric: Metric) -> Column:
    """The main metric with its interval."""
    cells = interval_cells(rows, "score", metric.number_format)
    return Column("score", _heading(metric), cells, metric.higher_is_better)


def gain_column(context: Context, rows: pd.DataFrame, metric: Metric) -> Column:
    """The gain over the baseline, or why it is not known."""
    baseline = context.board.board.baseline
    notes = [
        "baseline" if source == baseline else note
        for source, note in zip(as_list(rows["source"]), strings(rows, "gain_note"), strict=True)
    ]
    return Column("gain", "gain", interval_cells(rows, "gain", "+" + metric.number_format, notes),
                  best_first=True)  # fmt: skip


def not_better_column(rows: pd.DataFrame) -> Column:
    """Probability that the entry is not better than its baseline."""
    return Column("p_not_better", "P(no gain)", number_cells(floats(rows, "p_not_better"), ".3f"))


def failed_column(rows: pd.DataFrame) -> Column:
    """Structures without any overlap."""
    return Column("failed", "failed", share_cells(floats(rows, "failures"), floats(rows, "scored")))


def seed_scores_column(context: Context, rows: pd.DataFrame, page: str = "") -> Column:
    """The score of each seed, which links to its record on the page of the board."""
    return Column("records", "score of each seed", ColumnCells(context.record_links(rows, page)))


def metric_columns(rows: pd.DataFrame) -> Iterator[Column]:
    """Every metric in addition to the main one, and the rank by it."""
    for metric in other_metrics(rows):
        cells = number_cells(floats(rows, MEAN + metric.name), metric.number_format)
        group = f"metric {metric.name}"
        yield Column(metric.name, _heading(metric), cells, metric.higher_is_better, group)
        yield from metric_rank_columns(rows, [metric])


def metric_rank_columns(rows: pd.DataFrame, metrics: Iterable[Metric]) -> Iterator[Column]:
    """The rank by each of the metrics that all ranked rows have."""
    for name, title in ((RANK_BY + metric.name, f"rank by {metric.title}") for metric in metrics):
        if name in rows and rows[name].notna().any():
            cells = number_cells(floats(rows, name), ".3g")
            yield Column(name, title, cells, group=f"metric {name.removeprefix(RANK_BY)}")


def group_columns(rows: pd.DataFrame, group: str) -> Iterator[Column]:
    """The columns of one group of the schema that these rows have."""
    for column in COLUMNS:
        if column.group == group and column.name in rows:
            if column.kind != "text":
                cells = number_cells(floats(rows, column.name), column.style)
            else:
                make_cells = long_text_cells if column.style == "long" else text_cells
                cells = make_cells(strings(rows, column.name))
            yield Column(column.name, column.title, cells, group=group)


def spread_columns(rows: pd.DataFrame) -> Iterator[Column]:
    """Standardised gain, number of seeds, and the sources of variance of the scores."""
    gains = interval_cells(rows, "standardised", "+.2f")
    yield Column("standardised", "standardised gain", gains, True, "spread")
    seeds = [
        f"{len(paths)} of {wanted}"
        for paths, wanted in zip(rows["records"], rows["seeds_wanted"], strict=True)
    ]
    yield Column("seeds", "seeds", text_cells(seeds), group="spread")
    yield from group_columns(rows, "spread")


def file_column(context: Context, rows: pd.DataFrame) -> Column:
    """The name of each record, which links to its file."""
    paths = as_list(rows["path"])
    names = escaped(path.rsplit("/", 1)[-1] for path in paths)
    cells = [context.file_link(path, name) for path, name in zip(paths, names, strict=True)]
    return Column("file", "record", ColumnCells(cells))


def other_metrics(rows: pd.DataFrame) -> list[Metric]:
    """The metrics that are known and not the main one everywhere."""
    main = set(rows["main_metric"]) if len(rows) else set()
    return [
        metric
        for name, metric in METRICS.items()
        if {name} != main and MEAN + name in rows and rows[MEAN + name].notna().any()
    ]


def _heading(metric: Metric) -> str:
    """Title with unit and direction."""
    return f"{metric.title}{metric.unit_suffix} {metric.arrow}"
