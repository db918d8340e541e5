"""The columns that a page's tables are made of."""

from collections.abc import Iterable, Iterator

import pandas as pd

from benchmark.leaderboard.columns import COLUMNS, MEAN, RANK_BY
from benchmark.leaderboard.metric_ranks import ENTRY
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.views.footnotes import FEW
from benchmark.views.page import cells
from benchmark.views.page.cells import ColumnCells
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


def text(rows: pd.DataFrame, name: str, title: str = "") -> Column:
    """A column of texts; the title is the name unless it has another."""
    return Column(name, title or name, cells.texts(cells.strings(rows, name)))


def number(
    rows: pd.DataFrame,
    name: str,
    title: str,
    style: str,
    *,
    column: str = "",
    best_first: bool = False,
    group: str = "",
) -> Column:
    """A column of numbers in one format; `column` is its name in the rows, if that is another."""
    values = cells.numbers(cells.floats(rows, column or name), style)
    return Column(name, title, values, best_first, group)


def entry(context: Context, rows: pd.DataFrame, sized: bool) -> Iterator[Column]:
    """The entry of a row: source, strategy if there are several, number of subjects."""
    yield Column("source", "source", cells.links(rows["source"], context.sources))
    if context.several_strategies:
        yield text(rows, "strategy")
    if sized:
        yield size(rows)


def traits(context: Context, rows: pd.DataFrame) -> Iterator[Column]:
    """What is known of an entry besides its results, and what all entries of the table share."""
    yield Column("marks", "marks", cells.marks(rows))
    yield text(rows, "domain")
    yield text(rows, "task")
    if not context.several_strategies:
        yield text(rows, "strategy")
    yield from lanes(context, rows)


def lanes(context: Context, rows: pd.DataFrame) -> Iterator[Column]:
    """The lane, if the board has several."""
    if context.laned:
        yield text(rows, "lane")


def size(rows: pd.DataFrame) -> Column:
    """Number of training subjects."""
    return Column("size", "n", cells.sizes(int(size) for size in rows["train_subjects"]))


def subjects(rows: pd.DataFrame) -> Column:
    """Number of test subjects, with a note where it is small."""
    counts = cells.floats(rows, "subjects")
    html = [f"{n:.0f}" + (f" <small>n &lt; {FEW}</small>" if n < FEW else "") for n in counts]
    return Column("subjects", "test subjects", ColumnCells(html, counts))


def ranks(rows: pd.DataFrame, rank: str, title: str) -> Iterator[Column]:
    """The rank, and the one without contaminated entries if it is known."""
    yield Column("rank", title, cells.ranks(rows, rank))
    if f"clean_{rank}" in rows:
        names = {f"clean_{name}": name for name in (rank, "rank_low", "rank_high", "group")}
        clean = rows[list(names)].rename(columns=names)
        yield Column("clean_rank", f"{title}, clean", cells.ranks(clean, rank))


def first(rows: pd.DataFrame) -> Column:
    """Probability that the entry is the first of its table."""
    return number(rows, "p_rank_1", "P(rank 1)", ".2f", best_first=True)


def target_ranks(context: Context, rows: pd.DataFrame) -> Iterator[Column]:
    """The rank on each target of the board, from the tables below."""
    group = "targets" if len(context.targets) > SHOWN_TARGETS else ""
    for target, anchor in context.targets.items():
        on_target = context.rows[context.rows["target"] == target]
        ranked = rows[ENTRY].merge(on_target[[*ENTRY, "rank"]], on=ENTRY, how="left")
        plain = cells.numbers(cells.floats(ranked, "rank"), ".3g")
        links = [f'<a href="#{anchor}">{rank}</a>' for rank in plain.html]
        linked = ColumnCells(links, plain.keys)
        yield Column(f"rank {anchor}", f"rank on {target}", linked, group=group)


def score(rows: pd.DataFrame, metric: Metric) -> Column:
    """The main metric with its interval."""
    means = cells.intervals(rows, "score", metric.number_format)
    return Column("score", _heading(metric), means, metric.higher_is_better)


def gain(context: Context, rows: pd.DataFrame, metric: Metric) -> Column:
    """The gain over the baseline, or why it is not known."""
    baseline, sources = context.board.board.baseline, cells.as_list(rows["source"])
    notes = [
        "baseline" if source == baseline else note
        for source, note in zip(sources, cells.strings(rows, "gain_note"), strict=True)
    ]
    gains = cells.intervals(rows, "gain", "+" + metric.number_format, notes)
    return Column("gain", "gain", gains, best_first=True)


def not_better(rows: pd.DataFrame) -> Column:
    """Probability that the entry is not better than its baseline."""
    return number(rows, "p_not_better", "P(no gain)", ".3f")


def failed(rows: pd.DataFrame) -> Column:
    """Structures without any overlap."""
    counts = (cells.floats(rows, name) for name in ("failures", "scored"))
    return Column("failed", "failed", cells.shares(*counts))


def seed_scores(context: Context, rows: pd.DataFrame, page: str = "") -> Column:
    """The score of each seed, which links to its record on the page of the board."""
    return Column("records", "score of each seed", ColumnCells(context.record_links(rows, page)))


def metrics(rows: pd.DataFrame) -> Iterator[Column]:
    """Every metric in addition to the main one, and the rank by it."""
    for metric in other_metrics(rows):
        name, best_first = metric.name, metric.higher_is_better
        yield number(rows, name, _heading(metric), metric.number_format, column=MEAN + name,
                     best_first=best_first, group=f"metric {name}")  # fmt: skip
        yield from metric_ranks(rows, [metric])


def metric_ranks(rows: pd.DataFrame, metrics: Iterable[Metric]) -> Iterator[Column]:
    """The rank by each of the metrics that all ranked rows have."""
    for metric in metrics:
        name = RANK_BY + metric.name
        if name in rows and rows[name].notna().any():
            title = f"rank by {metric.title}"
            yield number(rows, name, title, ".3g", group=f"metric {metric.name}")


def of_group(rows: pd.DataFrame, group: str) -> Iterator[Column]:
    """The columns of one group of the schema that these rows have."""
    for column in COLUMNS:
        name, title = column.name, column.title
        if column.group != group or name not in rows:
            continue
        if column.kind != "text":
            yield number(rows, name, title, column.style, group=group)
        else:
            make_cells = cells.long_texts if column.style == "long" else cells.texts
            yield Column(name, title, make_cells(cells.strings(rows, name)), group=group)


def spread(rows: pd.DataFrame) -> Iterator[Column]:
    """Standardised gain, number of seeds, and the sources of variance of the scores."""
    gains = cells.intervals(rows, "standardised", "+.2f")
    yield Column("standardised", "standardised gain", gains, True, "spread")
    seeds = [
        f"{len(paths)} of {wanted}"
        for paths, wanted in zip(rows["records"], rows["seeds_wanted"], strict=True)
    ]
    yield Column("seeds", "seeds", cells.texts(seeds), group="spread")
    yield from of_group(rows, "spread")


def file(context: Context, rows: pd.DataFrame) -> Column:
    """The name of each record, which links to its file."""
    paths = cells.as_list(rows["path"])
    names = cells.escaped(path.rsplit("/", 1)[-1] for path in paths)
    links = [context.file_link(path, name) for path, name in zip(paths, names, strict=True)]
    return Column("file", "record", ColumnCells(links))


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
