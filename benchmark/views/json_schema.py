"""The schema of a leaderboard's JSON."""

from typing import Literal

from benchmark.cards.card import Model
from benchmark.records.trust import TrustLevel


class Value(Model):
    """A number with the bounds of its 95 % interval, where there is one."""

    value: float
    low: float | None
    high: float | None


class Row(Model):
    """An entry on one target. `rank` is None where the entry is not ranked, for `why_unranked`.

    `train_subjects` 0 asks for all there are, `train_subjects_used` says how many that were.
    `pretraining_items` is how many images or slices an in-suite source learned from. `trust` is the
    lowest level among the records.
    """

    target: str
    train_subjects: int
    train_subjects_used: int
    source: str
    strategy: str
    domain: str
    task: str
    encoder: str
    pretraining_items: int | None
    marks: tuple[str, ...]
    trust: TrustLevel
    contamination: str
    main_metric: str
    score: Value | None
    interval_covers: str | None
    rank: Value | None
    group: int | None
    why_unranked: str
    gain: Value | None
    standardised_gain: Value | None
    gain_note: str
    means: dict[str, float]
    failures: int
    scored: int
    subjects: int
    seeds: tuple[int, ...]
    seed_sd: float | None
    subject_sd: float | None
    costs: dict[str, float]
    timing: str
    energy_method: str
    records: tuple[str, ...]


class OverallRow(Model):
    """An entry over all targets of the board; `lacks` says why it has no rank."""

    train_subjects: int
    source: str
    strategy: str
    marks: tuple[str, ...]
    trust: TrustLevel
    mean_rank: Value | None
    group: int | None
    standardised_gain: Value | None
    lacks: str


class MatchRow(Model):
    """Domain versus task in one view: effects in `unit`, and why others are missing."""

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


class StageRow(Model):
    """What was trained on in one stage, and the score on every device after it."""

    trained_on: tuple[str, ...]
    scores: dict[str, Value]


class SequenceRow(Model):
    """One sequence of an entry: every measure that it has, and its stages in order.

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
    """The whole leaderboard. `fingerprint` is the SHA-256 of all else, in canonical JSON."""

    schema_version: Literal[1] = 1
    board: str
    board_version: int
    title: str
    protocol: str
    clean: bool
    synthetic: bool
    rows: tuple[Row, ...]
    overall: tuple[OverallRow, ...]
    domain_versus_task: tuple[MatchRow, ...]
    sequences: tuple[SequenceRow, ...] = ()
    stability: dict[str, float | None]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprint: str = ""
