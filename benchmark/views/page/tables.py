"""The tables of a page: overall, one a target, one a source, and all records."""

from collections.abc import Iterator

import pandas as pd

from benchmark.scoring.metrics import METRICS, Metric
from benchmark.views.page.cells import (
    escaped,
    estimates,
    floats,
    linked,
    listed,
    marks,
    numbers,
    plot_range,
    plots,
    ranks,
    sentences,
    sizes,
    strings,
    texts,
)
from benchmark.views.page.context import ENTRY, Context
from benchmark.views.page.curves import sparkline
from benchmark.views.page.details import (
    group_columns,
    heading,
    other_metrics,
    other_metrics_columns,
    spread_columns,
)
from benchmark.views.page.table import INTERVAL, RANK, Column, PageTable

SHOWN_TARGETS = 4  # more ranks than these are shown when asked for


def overall_table(context: Context) -> PageTable:
    """Mean rank over all targets, standardised gain, and the rank on each target."""
    rows = context.overall
    gains = estimates(rows, "standardised", "+.2f")
    columns = [Column("rank", "mean rank", ranks(rows, "mean_rank"), True, parts=RANK)]
    if "clean_mean_rank" in rows:
        columns.append(_clean_rank(rows, "mean_rank", "mean rank, clean"))
    columns += [*_entry(context, rows)]
    columns.append(Column("gain", "standardised gain", gains, True, True, parts=INTERVAL))
    columns += [*_ranks_by_target(context, rows)]
    if any(strings(rows, "lacks")):
        columns.append(Column("lacks", "lacks", sentences(strings(rows, "lacks"))))
    columns += [*group_columns(rows, "provenance")]
    return PageTable("All targets: mean ranks", columns)


def target_table(context: Context, rows: pd.DataFrame, caption: str) -> PageTable:
    """Every entry of one target with every number."""
    metric = METRICS[str(rows["main_metric"].iloc[0])]
    baseline = rows[(rows["source"] == context.board.board.baseline) & rows["score"].notna()]
    zero = float(baseline["score"].iloc[0]) if len(baseline) == 1 else None
    columns = [Column("rank", "rank", ranks(rows, "rank"), True, parts=RANK)]
    if "clean_rank" in rows:
        columns.append(_clean_rank(rows, "rank", "rank, clean"))
    columns += [*_entry(context, rows), _score(rows, metric)]
    low, high = (format(bound, metric.number_format) for bound in plot_range(rows))
    columns.append(Column("plot", f"interval, {low} to {high}", plots(rows, zero), drawn=True))
    columns += [_gain(context, rows, metric), *other_metrics_columns(rows), _failed(rows)]
    columns += [
        _records(context, rows),
        *group_columns(rows, "provenance"),
        *spread_columns(rows),
        *group_columns(rows, "cost"),
    ]
    return PageTable(caption, columns)


def source_table(context: Context, rows: pd.DataFrame, caption: str) -> PageTable:
    """Every target of one source; its metric is named in each row, for targets differ."""
    metrics = [METRICS[name] for name in rows["main_metric"]]
    lines = [
        sparkline([context.curves.get(path, ()) for path in paths]) for paths in rows["records"]
    ]
    columns = [
        Column("target", "target", linked(rows["target"], context.targets)),
        Column("marks", "marks", marks(rows)),
        Column("strategy", "strategy", texts(rows["strategy"])),
        *([_size(rows)] if context.sized else []),
        Column("rank", "rank", ranks(rows, "rank"), True, parts=RANK),
        Column("metric", "metric", texts(metric.title for metric in metrics)),
        Column("score", "score", estimates(rows, "score", ".3f"), True, True, parts=INTERVAL),
        Column("gain", "gain", estimates(rows, "gain", "+.3f"), True, True, parts=INTERVAL),
        Column("curve", "validation Dice, a line a seed", lines, True, True),
        _records(context, rows),
        *group_columns(rows, "provenance"),
    ]
    return PageTable(caption, columns)


def records_table(context: Context) -> PageTable:
    """One row a record, in the order of `context.links`."""
    rows = context.records
    paths = listed(rows["path"])
    names = escaped(path.rsplit("/", 1)[-1] for path in paths)
    files = [
        f'<td><a href="{context.file(path)}">{name}</a>'
        for path, name in zip(paths, names, strict=True)
    ]
    columns = [
        Column("target", "target", texts(rows["target"])),
        *_entry(context, rows, sized=True),
        Column("seed", "seed", numbers(floats(rows, "seed"), ".0f"), True),
        Column("score", "score", numbers(floats(rows, "score"), ".3f"), True, True),
        _failed(rows),
        Column("rate", "learning rate", numbers(floats(rows, "learning_rate"), ".1e"), True),
        Column("step", "step", numbers(floats(rows, "step"), ".0f"), True),
        Column(
            "validation", "validation Dice", numbers(floats(rows, "validation_dice"), ".3f"),
            True, True,
        ),
        Column("seconds", "fine-tuning s", numbers(floats(rows, "fine_tuning_seconds"), ".1f"),
               True),
        Column("file", "record", files),
        *group_columns(rows, "provenance"),
    ]  # fmt: skip
    return PageTable("Records: one a row", columns, [f"r{number}" for number in range(len(rows))])


def _entry(context: Context, rows: pd.DataFrame, sized: bool | None = None) -> Iterator[Column]:
    """Which entry a row is: source, its domain and task, strategy, number of subjects."""
    yield Column("source", "source", linked(rows["source"], context.sources))
    yield Column("marks", "marks", marks(rows))
    yield Column("domain", "domain", texts(strings(rows, "domain")))
    yield Column("task", "task", texts(strings(rows, "task")))
    yield Column("strategy", "strategy", texts(rows["strategy"]))
    if context.sized if sized is None else sized:
        yield _size(rows)


def _size(rows: pd.DataFrame) -> Column:
    return Column("size", "n", sizes([int(n) for n in rows["train_subjects"]]), True)


def _clean_rank(rows: pd.DataFrame, rank: str, title: str) -> Column:
    names = {f"clean_{name}": name for name in (rank, "rank_low", "rank_high", "group")}
    clean = rows[list(names)].rename(columns=names)
    return Column("clean_rank", title, ranks(clean, rank), True, parts=RANK)


def _score(rows: pd.DataFrame, metric: Metric) -> Column:
    cells = estimates(rows, "score", metric.number_format)
    better = metric.higher_is_better
    return Column("score", heading(metric), cells, True, better, parts=INTERVAL)


def _gain(context: Context, rows: pd.DataFrame, metric: Metric) -> Column:
    baseline = context.board.board.baseline
    notes = [
        "baseline" if source == baseline else note
        for source, note in zip(rows["source"], strings(rows, "gain_note"), strict=True)
    ]
    cells = estimates(rows, "gain", "+" + metric.number_format, notes)
    return Column("gain", "gain", cells, True, True, parts=INTERVAL)


def column_groups(context: Context) -> dict[str, str]:
    """Titles of the groups of columns that a reader can ask for, by their name."""
    metrics = other_metrics(context.rows)
    found = {"metric": "all metrics"} | metrics if metrics else {}
    found |= {"spread": "spread and seeds", "cost": "cost", "provenance": "provenance"}
    if len(context.targets) > SHOWN_TARGETS and len(context.overall):
        found["targets"] = "rank on each target"
    return found


def _failed(rows: pd.DataFrame) -> Column:
    return Column("failed", "failed", _shares(floats(rows, "failures"), floats(rows, "scored")),
                  True)  # fmt: skip


def _shares(part: list[float], whole: list[float]) -> list[str]:
    return [
        f'<td data-key="{a / b if b else 0:.6g}">{a:.0f}/{b:.0f}'
        for a, b in zip(part, whole, strict=True)
    ]


def _records(context: Context, rows: pd.DataFrame) -> Column:
    return Column("records", "score of each seed", context.leads(rows))


def _ranks_by_target(context: Context, rows: pd.DataFrame) -> Iterator[Column]:
    """The rank on each target of the board, from the tables below."""
    for target, anchor in context.targets.items():
        own = context.rows[context.rows["target"] == target]
        found = rows[ENTRY].merge(own[[*ENTRY, "rank"]], on=ENTRY, how="left")
        cells = [
            cell.replace(">", f'><a href="#{anchor}">', 1) + "</a>"
            for cell in numbers(floats(found, "rank"), ".3g")
        ]
        group = "targets" if len(context.targets) > SHOWN_TARGETS else ""
        yield Column(f"rank {anchor}", f"rank on {target}", cells, True, group=group)
