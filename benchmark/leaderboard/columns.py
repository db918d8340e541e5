"""The schema of results: each column from the record to leaderboard, exports and page.

A column that is added to `COLUMNS` is read from the records, cached, combined over the records of
an entry, written to CSV, JSON and Parquet and, if it has a group, shown on the page.

Nothing here needs pandas, so that worker processes start quickly.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, Literal

import msgspec

from benchmark.records.record import Coverage
from benchmark.records.store import Loaded
from benchmark.records.trust import LEVELS

Kind = Literal["text", "count", "number", "list"]
Combination = Literal["first", "mean", "sum", "lowest", "joined"]
JsonForm = Literal["plain", "list", "interval", "costs", "means", "ranks", "none"]
STATE = ("file_bytes", "file_mtime_ns", "file_ctime_ns", "file_inode")
MEAN = "mean_"  # start of the columns with the mean of each metric over subjects
RANK_BY = "rank_by_"  # start of the columns with the rank under each metric


@dataclass(frozen=True)
class ResultColumn:
    """One column of results.

    Attributes:
        name: In leaderboard, CSV and Parquet.
        source: Its value in a record, as attributes of `Loaded` or as a function of it; None if
            it is computed from scores or from several records.
        combine: How the values of an entry's records become one: that of the first record, mean,
            sum, lowest number or trust level, or the different texts joined by "and". None if
            the leaderboard computes the column or has none.
        kind: Text, whole number, other number, or list of texts.
        optional: Whether the value may be missing.
        bounds: Columns with the bounds of its 95 % interval.
        json: Its form in JSON: as it is, split at commas, with its bounds, as an entry of `costs`,
            `means` or `ranks`, or not at all.
        json_name: Its name in JSON.
        group: Group of columns of the page; "" if the page has no such column.
        title: Heading on the page.
        style: Number format on the page; "long" for text that is broken into lines.
    """

    name: str
    source: str | Callable[[Loaded], Any] | None = None
    combine: Combination | None = None
    kind: Kind = "number"
    optional: bool = False
    bounds: tuple[str, str] | None = None
    json: JsonForm = "plain"
    json_name: str = ""
    group: str = ""
    title: str = ""
    style: str = ""

    @property
    def in_leaderboard(self) -> bool:
        """Whether rows of the leaderboard have this column."""
        return self.combine is not None or self.source is None

    @property
    def in_records(self) -> bool:
        """Whether it has a value in each record."""
        return self.source is not None

    @property
    def whole(self) -> bool:
        """Whether every record has a whole number here."""
        return self.kind == "count" and not self.optional

    @property
    def value_of(self) -> Callable[[Loaded], Any]:
        """Its value in a record."""
        assert self.source is not None
        return attrgetter(self.source) if isinstance(self.source, str) else self.source


def _timing(loaded: Loaded) -> str:
    used = loaded.record.environment
    return f"{used.device}, {used.threads} thread{'' if used.threads == 1 else 's'}"


def _software(loaded: Loaded) -> str:
    used = loaded.record.environment
    return f"segtransfer {used.segtransfer}, torch {used.torch}, python {used.python}"


@lru_cache(maxsize=256)
def _names_json(names: tuple[str, ...]) -> str:
    return json.dumps(names)


def _curve(loaded: Loaded) -> str:
    """Step and validation Dice with the chosen learning rate, as a JSON list."""
    chosen = loaded.record.selection
    points = [(step, dice) for rate, step, dice in chosen.curve if rate == chosen.learning_rate]
    return msgspec.json.encode(points).decode()


@lru_cache(maxsize=256)
def coverage_text(coverage: Coverage | None) -> str:
    """How much of the network came from the checkpoint, and what did not."""
    if coverage is None:
        return "no weights: everything starts from random values"
    parts = [
        f"{coverage.matched} tensors loaded ({coverage.parameter_share:.2%} of the parameters)"
    ]
    for problem, names in (
        ("missing in the checkpoint", coverage.missing),
        ("of another shape", coverage.mismatched),
        ("left unused", coverage.unused),
    ):
        if names:
            shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
            parts.append(f"{len(names)} {problem}: {shown}")
    return "; ".join(parts)


text = partial(ResultColumn, kind="text")
count = partial(ResultColumn, kind="count")
number = ResultColumn
cost = partial(ResultColumn, json="costs", group="cost", style=",.0f")


def _estimate(name: str, low: str, high: str, json_name: str = "") -> tuple[ResultColumn, ...]:
    """A number with the columns of its bounds."""
    return (
        number(name, optional=True, bounds=(low, high), json="interval", json_name=json_name),
        number(low, optional=True, json="none"),
        number(high, optional=True, json="none"),
    )


COLUMNS: tuple[ResultColumn, ...] = (
    # entry
    text("target", "record.cell.target", "first"),
    count("train_subjects", "record.cell.train_subjects", "first"),
    text("source", "record.cell.source", "first"),
    text("strategy", "record.cell.strategy", "first"),
    text("lane", "record.cell.lane", "first"),
    text("domain", "record.source.domain", "first"),
    text("task", "record.source.task", "first"),
    text("encoder", "record.source.encoder", "first", group="provenance", title="encoder"),
    text("marks", lambda loaded: ", ".join(loaded.record.marks.names), "first", json="list"),
    text("contamination", lambda loaded: "; ".join(loaded.record.marks.contamination), "first"),
    text("unranked", lambda loaded: "; ".join(loaded.unranked), "first", json="none"),
    text("main_metric", "record.main_metric", "first"),
    # costs
    cost("total_parameters", "record.cost.total_parameters", "first", kind="count",
         title="total parameters"),
    cost("trainable_parameters", "record.cost.trainable_parameters", "first", kind="count",
         title="trainable parameters"),
    cost("training_gflop", "record.cost.training_gflop", "first",
         title="training GFLOP"),
    cost("fine_tuning_seconds", "record.cost.fine_tuning_seconds", "mean",
         title="fine-tuning s", style=",.1f"),
    cost("peak_memory_mib", "record.cost.peak_memory_mib", "mean",
         title="peak memory MiB"),
    cost("energy_joules", "record.cost.energy_joules", "mean", optional=True,
         title="energy J"),
    cost("gpu_utilisation_percent", "record.cost.gpu_utilisation_percent", "mean",
         optional=True, title="GPU busy %", style=".0f"),
    # scores of the records
    number("empty_prediction", combine="mean", optional=True, json="none"),
    count("pretraining_items", "record.source.pretraining_items", "mean", optional=True),
    number(MEAN, combine="mean", optional=True, json="means"),  # one per metric
    count("failures", "table.failures", "sum"),
    count("failed_cells", lambda loaded: int(loaded.record.failed is not None), "sum"),
    count("scored", lambda loaded: len(loaded.record.cases), "sum"),
    # conditions
    text("timing", _timing, "joined", group="cost", title="timed on"),
    text("energy_method", "record.cost.energy_method", "joined", group="cost",
         title="energy measured by", style="long"),
    text("trust", lambda _: LEVELS[0], "lowest", group="provenance", title="trust"),
    text("weights", "record.fingerprints.weights", "joined", group="provenance", title="weights",
         style="long"),
    count("train_subjects_used", lambda loaded: len(loaded.record.selection.train_subjects),
          "lowest", group="provenance", style=".0f", title="training subjects used"),
    count("subjects"),
    text("seeds", json="list"),
    count("seeds_wanted", json="none"),
    number("seed_sd", optional=True, group="spread", title="seed SD", style=".3f"),
    number("subject_sd", optional=True, group="spread", title="subject SD", style=".3f"),
    text("why_unranked"),
    ResultColumn("records", kind="list", json="list"),
    # statistics
    *_estimate("score", "low", "high"),
    text("interval_covers", optional=True, group="spread", title="interval covers"),
    number("unseen_low", optional=True, group="spread",
           title="lower bound, allowing for unseen failures", style=".3f"),
    number("unseen_high", optional=True),
    *_estimate("rank", "rank_low", "rank_high"),
    number("p_rank_1", optional=True),
    count("group", optional=True),
    *_estimate("gain", "gain_low", "gain_high"),
    *_estimate("standardised", "standardised_low", "standardised_high", "standardised_gain"),
    number("p_not_better", optional=True),
    number("detectable_gain", optional=True),
    text("gain_note"),
    number(RANK_BY, optional=True, json="ranks"),  # one per metric
    # of single records only
    text("path", "record.cell.path"),
    count("seed", "record.cell.seed"),
    text("subject_names", lambda loaded: _names_json(loaded.table.layout.subjects)),
    text("data", "record.fingerprints.data"),
    text("splits", "record.fingerprints.splits"),
    text("target_card", "record.fingerprints.target"),
    text("source_card", "record.fingerprints.source"),
    text("source_title", "record.source.title"),
    text("coverage", lambda loaded: coverage_text(loaded.record.coverage)),
    text("curve", _curve),
    text("software", _software),
    text("started", "record.started"),
    number("total_seconds", "record.cost.total_seconds"),
    count("step", "record.selection.step"),
    number("learning_rate", "record.selection.learning_rate"),
    number("validation_dice", "record.selection.validation_dice", optional=True),
    count("file_bytes", "state.size"),
    count("file_mtime_ns", "state.mtime_ns"),
    count("file_ctime_ns", "state.ctime_ns"),
    count("file_inode", "state.inode"),
)  # fmt: skip
RECORD_COLUMNS = tuple(column for column in COLUMNS if column.in_records)


def leaderboard_columns(names: Iterable[str]) -> list[tuple[str, ResultColumn]]:
    """Columns of a leaderboard's rows, in the order of its exports.

    Args:
        names: Columns that records have; those of metrics are in this order.
    """
    metrics = [name.removeprefix(MEAN) for name in names if name.startswith(MEAN)]
    return [
        (name + metric, column)
        for column in COLUMNS
        if column.in_leaderboard
        for name in [column.name]
        for metric in (metrics if name in (MEAN, RANK_BY) else [""])
    ]
