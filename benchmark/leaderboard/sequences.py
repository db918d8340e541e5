"""Results of the sequences of a board: every measure, with its interval."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from benchmark.cards.board import BoardCard
from benchmark.errors import RecordError
from benchmark.records.case_table import case_table
from benchmark.records.record import MARK_NAMES
from benchmark.records.sequence_record import SequenceId, SequenceRecord, SequenceStore
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.statistics.forgetting import (
    SequenceScores,
    average,
    backward_transfer,
    difference,
    estimate,
    forgetting,
    joint_average,
    single_device_average,
)
from benchmark.statistics.intervals import Estimate

Entry = tuple[str, str]  # source, strategy
ALONE = "(each device alone)"


@dataclass(frozen=True)
class SequenceResult:
    """One sequence of one source and strategy: all its measures, with intervals."""

    sequence: str
    entry: Entry
    seeds: tuple[int, ...]
    measures: dict[str, Estimate | None]


@dataclass(frozen=True)
class SequenceReport:
    """Results of all sequences of a board.

    Attributes:
        board: Its card.
        metric: Of the scores.
        trained: Per source and strategy, and sequence.
        rows: Of the summary.
        marks: Per source and strategy the marks of its records.
        missing: Runs of the board without a record.
        runs: Number of runs with a record.
    """

    board: BoardCard
    metric: Metric
    trained: dict[Entry, dict[str, SequenceScores]]
    rows: list[SequenceResult]
    marks: dict[Entry, list[str]]
    missing: list[SequenceId]
    runs: int

    @property
    def title(self) -> str:
        """Heading of the report."""
        return f"{self.board.title}: sequences ({self.board.id}){' - SYNTHETIC' * self.synthetic}"

    @property
    def synthetic(self) -> bool:
        """Whether some of the scores are of synthetic images."""
        return any("synthetic" in marks for marks in self.marks.values())


def read_sequences(folder: Path, board: BoardCard) -> SequenceReport | None:
    """Results from the records in a board's folder; None if no sequence is finished.

    Raises:
        RecordError: A record is damaged, or cannot be used together with the others.
    """
    records = list(SequenceStore(folder).records(board))
    return sequence_report(board, records) if records else None


def sequence_report(board: BoardCard, records: Sequence[SequenceRecord]) -> SequenceReport:
    """Results from the sequence records of a board.

    Raises:
        RecordError: There is no record.
    """
    if not records:
        raise RecordError(f"no sequence is run yet; type `segtransfer sequence {board.id}`")
    metric = METRICS[records[0].main_metric]
    by_entry: dict[Entry, dict[str, list[SequenceRecord]]] = {}
    for record in records:
        entry = record.run.source, record.run.strategy
        by_entry.setdefault(entry, {}).setdefault(record.run.sequence, []).append(record)
    ordered = [
        (source, strategy)
        for source in dict.fromkeys([*board.sources, *(source for source, _ in by_entry)])
        for strategy in board.strategies
        if (source, strategy) in by_entry
    ]
    trained, marks = {}, {}
    for entry in ordered:
        of_entry = by_entry[entry]
        trained[entry] = {
            name: _sequence_scores(of_entry[name], board, metric)
            for name in board.sequences
            if name in of_entry
        }
        every = [record for some in of_entry.values() for record in some]
        names = {mark for record in every for mark in record.marks.names}
        marks[entry] = [mark for mark in MARK_NAMES.values() if mark in names]
        if failed := sum(record.failed is not None for record in every):
            marks[entry].append(f"{failed} of {len(every)} failed")
    rows = [row for entry in ordered for row in _rows(entry, trained[entry], metric)]
    finished = {record.run.path for record in records}
    missing = [run for run in _planned(board) if run.path not in finished]
    return SequenceReport(board, metric, trained, rows, marks, missing, len(records))


def _sequence_scores(
    records: Sequence[SequenceRecord], board: BoardCard, metric: Metric
) -> SequenceScores:
    records = sorted(records, key=lambda record: record.run.seed)
    scores = {}
    for device in board.devices:
        tables = [
            [case_table(stage.scores[device]) for stage in record.stages] for record in records
        ]
        scores[device] = np.array(
            [[table.subject_scores(metric.name) for table in row] for row in tables]
        )
    seeds = tuple(record.run.seed for record in records)
    stages = board.sequences[records[0].run.sequence]
    return SequenceScores(stages, seeds, scores, metric.higher_is_better)


def _rows(
    entry: Entry, trained: dict[str, SequenceScores], metric: Metric
) -> Iterator[SequenceResult]:
    bounds = metric.bounds
    change = (-bounds[1], bounds[1])
    for name, sequence in trained.items():
        same_seeds = [scores for scores in trained.values() if scores.seeds == sequence.seeds]
        mean = average(sequence)
        measures = {
            "average": estimate(mean, bounds),
            "backward transfer": estimate(backward_transfer(sequence), change),
            "forgetting": estimate(forgetting(sequence), change),
        }
        if len(sequence.stages) > 1:
            for measure, reference in (
                ("against joint", joint_average(same_seeds)),
                ("against alone", single_device_average(same_seeds)),
            ):
                measures[measure] = estimate(difference(mean, reference), change)
        yield SequenceResult(name, entry, sequence.seeds, measures)
    alone = [run for run in trained.values() if [len(stage) for stage in run.stages] == [1]]
    if len({run.seeds for run in alone}) == 1 and (mean := single_device_average(alone)):
        measures = {"average": estimate(mean, bounds)}
        yield SequenceResult(ALONE, entry, alone[0].seeds, measures)


def _planned(board: BoardCard) -> Iterator[SequenceId]:
    for name, source in product(board.sequences, board.sources):
        for strategy, seed in product(board.strategies_for(source), board.seeds):
            yield SequenceId(
                board=board.id, sequence=name, source=source, strategy=strategy, seed=seed
            )
