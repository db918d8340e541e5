"""The schema of a leaderboard's JSON."""

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import create_model

from benchmark.cards.card import Model
from benchmark.cards.lanes import Lane
from benchmark.leaderboard.columns import COLUMNS, ResultColumn
from benchmark.leaderboard.metric_ranks import MetricAgreement
from benchmark.records.trust import TrustLevel


class Value(Model):
    """A number with the bounds of its 95 % interval, if it has one."""

    value: float
    low: float | None
    high: float | None


BY_NAME = ("costs", "means", "ranks")  # forms of columns that are entries of one field
FIRST = (
    "target", "train_subjects", "train_subjects_used", "source", "strategy", "domain", "task",
    "encoder", "pretraining_items", "marks", "trust", "contamination", "main_metric", "score",
    "interval_covers", "rank", "group", "why_unranked", "gain", "standardised_gain", "gain_note",
    "means", "failures", "scored", "subjects", "seeds", "seed_sd", "subject_sd", "costs",
)  # order of the fields, as first published; others follow as in `COLUMNS`  # fmt: skip
COLUMN_OF: dict[str, ResultColumn] = {
    column.json if column.json in BY_NAME else column.json_name or column.name: column
    for column in COLUMNS
    if column.in_leaderboard and column.json != "none"
}  # by name of the field
FIELDS = [*FIRST, *(name for name in COLUMN_OF if name not in FIRST)]
NAMED_TYPES: dict[str, Any] = {"trust": TrustLevel, "lane": Lane}
TYPES: dict[str, Any] = {"text": str, "count": int, "number": float}


def _type(name: str) -> Any:
    column = COLUMN_OF[name]
    if column.json == "interval":
        return Value | None
    if column.json in BY_NAME:
        return dict[str, float]
    if column.json == "list":
        return tuple[int, ...] if name == "seeds" else tuple[str, ...]
    if name in NAMED_TYPES:
        return NAMED_TYPES[name]
    return TYPES[column.kind] | None if column.optional else TYPES[column.kind]


if TYPE_CHECKING:
    ResultRow: TypeAlias = Any
else:
    ResultRow = create_model(
        "ResultRow",
        __base__=Model,
        __doc__="""An entry on one target.

        `rank` is None for an entry that is not ranked, for the reason `why_unranked`.
        `train_subjects` 0 stands for all subjects, `train_subjects_used` is their number.
        `pretraining_items` is the number of images or slices that an in-suite source was
        pretrained on. `trust` is the lowest level among the records. `ranks` are the ranks by
        the mean of each metric.
        """,
        **{name: (_type(name), ...) for name in FIELDS},
    )


class OverallRow(Model):
    """An entry over all targets of the board; `lacks` is the reason if it has no rank.

    `ranks` are the mean ranks by each metric that all targets have.
    """

    lane: Lane
    train_subjects: int
    source: str
    strategy: str
    marks: tuple[str, ...]
    trust: TrustLevel
    mean_rank: Value | None
    group: int | None
    p_rank_1: float | None
    standardised_gain: Value | None
    lacks: str
    ranks: dict[str, float]


class MatchRow(Model):
    """Domain versus task in one view: effects in `unit`, and why others are missing."""

    lane: Lane
    strategy: str
    train_subjects: int
    encoder: str
    data: str
    unit: str
    sources: int
    targets: int
    effects: dict[str, Value]
    missing: dict[str, str]
    notes: tuple[str, ...]


class GroupRow(Model):
    """An entry in one part of a group of test subjects, and its difference from the other parts.

    `rest` is the number of test subjects in the other parts, `unknown` that of those in none, who
    are left out.
    """

    target: str
    lane: Lane
    train_subjects: int
    source: str
    strategy: str
    metric: str
    group: str
    part: str
    subjects: int
    rest: int
    unknown: int
    mean: Value
    difference: Value


class StageRow(Model):
    """The devices that one stage trained on, and the score on every device after it."""

    trained_on: tuple[str, ...]
    scores: dict[str, Value]


class SequenceRow(Model):
    """One sequence of an entry: all its measures, and its stages in order.

    The row over each device alone has no stages of its own.
    """

    source: str
    strategy: str
    sequence: str
    seeds: tuple[int, ...]
    marks: tuple[str, ...]
    metric: str
    measures: dict[str, Value]
    stages: tuple[StageRow, ...]


class BoardFile(Model):
    """The complete leaderboard. `fingerprint` is the SHA-256 of all else, in canonical JSON.

    `statistics` is the version of the rules by which the numbers were computed.

    The keys of `stability` are numbers of training subjects, in other lanes than `unet` after the
    lane, such as `dpt/8`.
    """

    schema_version: Literal[1] = 1
    board: str
    board_version: int
    title: str
    protocol: str
    statistics: str = ""
    clean: bool
    synthetic: bool
    rows: tuple[ResultRow, ...]
    overall: tuple[OverallRow, ...]
    domain_versus_task: tuple[MatchRow, ...]
    sequences: tuple[SequenceRow, ...] = ()
    stability: dict[str, float | None]
    metric_agreement: tuple[MetricAgreement, ...] = ()
    groups: tuple[GroupRow, ...] = ()
    unlearned: tuple[str, ...] = ()
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprint: str = ""
