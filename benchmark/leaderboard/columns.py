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
JsonForm = Literal["plain", "list", "interval", "costs", "means", "none"]
STATE = ("file_bytes", "file_mtime_ns", "file_ctime_ns", "file_inode")
MEAN = "mean_"  # start of the columns with the mean of each metric over subjects


@dataclass(frozen=True, kw_only=True)
class ResultColumn:
    """One column of results.

    Attributes:
        name: In leaderboard, CSV and Parquet.
        kind: Text, whole number, other number, or list of texts.
        source: Its value in a record, as attributes of `Loaded` or as a function of it; None if
            it is computed from scores or from several records.
        combine: How the values of an entry's records become one: that of the first record, mean,
            sum, lowest number or trust level, or the different texts joined by "and". None if
            the leaderboard computes the column or has none.
        optional: Whether the value may be missing.
        bounds: Columns with the bounds of its 95 % interval.
        json: Its form in JSON: as it is, split at commas, with its bounds, as an entry of `costs`
            or `means`, or not at all.
        json_name: Its name in JSON.
        group: Group of columns of the page; "" if the page has no such column.
        title: Heading on the page.
        style: Number format on the page; "long" for text that is broken into lines.
    """

    name: str
    kind: Kind
    source: str | Callable[[Loaded], Any] | None = None
    combine: Combination | None = None
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
number = partial(ResultColumn, kind="number")
cost = partial(ResultColumn, json="costs", group="cost", style=",.0f")


def _estimate(name: str, low: str, high: str, json_name: str = "") -> tuple[ResultColumn, ...]:
    """A number with the columns of its bounds."""
    return (
        number(name=name, optional=True, bounds=(low, high), json="interval", json_name=json_name),
        number(name=low, optional=True, json="none"),
        number(name=high, optional=True, json="none"),
    )


COLUMNS: tuple[ResultColumn, ...] = (
    # entry
    text(name="target", source="record.cell.target", combine="first"),
    count(name="train_subjects", source="record.cell.train_subjects", combine="first"),
    text(name="source", source="record.cell.source", combine="first"),
    text(name="strategy", source="record.cell.strategy", combine="first"),
    text(name="domain", source="record.source.domain", combine="first"),
    text(name="task", source="record.source.task", combine="first"),
    text(name="encoder", source="record.source.encoder", combine="first", group="provenance",
         title="encoder"),
    text(name="marks", source=lambda loaded: ", ".join(loaded.record.marks.names), combine="first",
         json="list"),
    text(name="contamination", source=lambda loaded: "; ".join(loaded.record.marks.contamination),
         combine="first"),
    text(name="unranked", source=lambda loaded: "; ".join(loaded.record.marks.unranked),
         combine="first", json="none"),
    text(name="main_metric", source="record.main_metric", combine="first"),
    # costs
    cost(name="total_parameters", kind="count", source="record.cost.total_parameters",
         combine="first", title="total parameters"),
    cost(name="trainable_parameters", kind="count", source="record.cost.trainable_parameters",
         combine="first", title="trainable parameters"),
    cost(name="training_gflop", kind="number", source="record.cost.training_gflop",
         combine="first", title="training GFLOP"),
    cost(name="fine_tuning_seconds", kind="number", source="record.cost.fine_tuning_seconds",
         combine="mean", title="fine-tuning s", style=",.1f"),
    cost(name="peak_memory_mib", kind="number", source="record.cost.peak_memory_mib",
         combine="mean", title="peak memory MiB"),
    cost(name="energy_joules", kind="number", source="record.cost.energy_joules",
         combine="mean", optional=True, title="energy J"),
    cost(name="gpu_utilisation_percent", kind="number", optional=True, combine="mean",
         source="record.cost.gpu_utilisation_percent", title="GPU busy %", style=".0f"),
    # scores of the records
    number(name="empty_prediction", combine="mean", optional=True, json="none"),
    count(name="pretraining_items", source="record.source.pretraining_items", combine="mean",
          optional=True),
    number(name=MEAN, combine="mean", optional=True, json="means"),  # one per metric
    count(name="failures", source="table.failures", combine="sum"),
    count(name="scored", source=lambda loaded: len(loaded.record.cases), combine="sum"),
    # conditions
    text(name="timing", source=_timing, combine="joined", group="cost", title="timed on"),
    text(name="energy_method", source="record.cost.energy_method", combine="joined", group="cost",
         title="energy measured by", style="long"),
    text(name="trust", source=lambda _: LEVELS[0], combine="lowest", group="provenance",
         title="trust"),
    count(name="train_subjects_used", combine="lowest", group="provenance", style=".0f",
          source=lambda loaded: len(loaded.record.selection.train_subjects),
          title="training subjects used"),
    count(name="subjects"),
    text(name="seeds", json="list"),
    count(name="seeds_wanted", json="none"),
    number(name="seed_sd", optional=True, group="spread", title="seed SD", style=".3f"),
    number(name="subject_sd", optional=True, group="spread", title="subject SD", style=".3f"),
    text(name="why_unranked"),
    ResultColumn(name="records", kind="list", json="list"),
    # statistics
    *_estimate("score", "low", "high"),
    text(name="interval_covers", optional=True, group="spread", title="interval covers"),
    *_estimate("rank", "rank_low", "rank_high"),
    count(name="group", optional=True),
    *_estimate("gain", "gain_low", "gain_high"),
    *_estimate("standardised", "standardised_low", "standardised_high", "standardised_gain"),
    text(name="gain_note"),
    # of single records only
    text(name="path", source="record.cell.path"),
    count(name="seed", source="record.cell.seed"),
    text(name="subject_names", source=lambda loaded: _names_json(loaded.table.layout.subjects)),
    text(name="data", source="record.fingerprints.data"),
    text(name="splits", source="record.fingerprints.splits"),
    text(name="target_card", source="record.fingerprints.target"),
    text(name="source_card", source="record.fingerprints.source"),
    text(name="weights", source="record.fingerprints.weights"),
    text(name="source_title", source="record.source.title"),
    text(name="coverage", source=lambda loaded: coverage_text(loaded.record.coverage)),
    text(name="curve", source=_curve),
    text(name="software", source=_software),
    text(name="started", source="record.started"),
    count(name="step", source="record.selection.step"),
    number(name="learning_rate", source="record.selection.learning_rate"),
    number(name="validation_dice", source="record.selection.validation_dice", optional=True),
    count(name="file_bytes", source="state.size"),
    count(name="file_mtime_ns", source="state.mtime_ns"),
    count(name="file_ctime_ns", source="state.ctime_ns"),
    count(name="file_inode", source="state.inode"),
)  # fmt: skip
RECORD_COLUMNS = tuple(column for column in COLUMNS if column.in_records)


def leaderboard_columns(names: Iterable[str]) -> list[tuple[str, ResultColumn]]:
    """Columns of a leaderboard's rows, in the order of its exports.

    Args:
        names: Columns that records have; those of metrics are in this order.
    """
    means = [name for name in names if name.startswith(MEAN)]
    return [
        (name, column)
        for column in COLUMNS
        if column.in_leaderboard
        for name in (means if column.name == MEAN else [column.name])
    ]
