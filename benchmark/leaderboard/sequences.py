"""What the records of a board's sequences say: every measure, with its interval."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from benchmark.cards.board import BoardCard
from benchmark.errors import RecordError
from benchmark.records.case_table import case_table
from benchmark.records.sequence_record import SequenceId, SequenceRecord, sequence_records
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.statistics.bootstrap import Estimate
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

Entry = tuple[str, str]  # source, strategy
ALONE = "(each device alone)"


@dataclass(frozen=True)
class Row:
    """One sequence of one source and strategy: every measure that it has, with its interval."""

    sequence: str
    entry: Entry
    seeds: tuple[int, ...]
    measures: dict[str, Estimate | None]


@dataclass(frozen=True)
class SequenceReport:
    """All that is told of a board's sequences.

    Attributes:
        board: Whose they are.
        metric: Of the scores.
        trained: Per source and strategy, and sequence.
        rows: Of the summary.
        marks: Per source and strategy what a reader must know of it.
        missing: Runs of the board that are not there.
        runs: Number of those that are.
    """

    board: BoardCard
    metric: Metric
    trained: dict[Entry, dict[str, SequenceScores]]
    rows: list[Row]
    marks: dict[Entry, list[str]]
    missing: list[SequenceId]
    runs: int

    @property
    def title(self) -> str:
        """Heading of the whole."""
        return f"{self.board.title}: sequences ({self.board.id}){' - SYNTHETIC' * self.synthetic}"

    @property
    def synthetic(self) -> bool:
        """Whether some of the scores are of synthetic images."""
        return any("synthetic" in marks for marks in self.marks.values())


def read_sequences(folder: Path, board: BoardCard) -> SequenceReport | None:
    """What the records in a board's folder say; None where no sequence is finished.

    Raises:
        RecordError: A record is damaged, or does not belong to the others.
    """
    records = list(sequence_records(folder, board))
    return sequence_report(board, records) if records else None


def sequence_report(board: BoardCard, records: Sequence[SequenceRecord]) -> SequenceReport:
    """Everything that the records of a board's sequences say.

    Raises:
        RecordError: There is no record.
    """
    if not records:
        raise RecordError(f"no sequence is run yet; type `segtransfer sequence {board.id}`")
    metric = METRICS[records[0].main_metric]
    found: dict[Entry, dict[str, list[SequenceRecord]]] = {}
    for record in records:
        entry = record.run.source, record.run.strategy
        found.setdefault(entry, {}).setdefault(record.run.sequence, []).append(record)
    ordered = [
        (source, strategy)
        for source in dict.fromkeys([*board.sources, *(source for source, _ in found)])
        for strategy in board.strategies
        if (source, strategy) in found
    ]
    trained = {
        entry: {
            name: _trained(found[entry][name], board, metric)
            for name in board.sequences
            if name in found[entry]
        }
        for entry in ordered
    }
    marks = {entry: _marks([r for some in found[entry].values() for r in some]) for entry in found}
    rows = [row for entry in ordered for row in _rows(entry, trained[entry], metric)]
    here = {record.run.path for record in records}
    missing = [run for run in _expected(board) if run.path not in here]
    return SequenceReport(board, metric, trained, rows, marks, missing, len(records))


def _trained(records: Sequence[SequenceRecord], board: BoardCard, metric: Metric) -> SequenceScores:
    records = sorted(records, key=lambda record: record.run.seed)
    scores = {}
    for device in board.devices:
        tables = [[case_table(s.scores[device]) for s in record.stages] for record in records]
        place = tables[0][0].metrics.index(metric.name)
        scores[device] = np.array([[t.by_subject()[:, place] for t in row] for row in tables])
    seeds = tuple(record.run.seed for record in records)
    stages = board.sequences[records[0].run.sequence]
    return SequenceScores(stages, seeds, scores, metric.higher_is_better)


def _rows(entry: Entry, trained: dict[str, SequenceScores], metric: Metric) -> Iterator[Row]:
    whole = metric.bounds
    change = (-whole[1], whole[1])
    for name, one in trained.items():
        alike = [run for run in trained.values() if run.seeds == one.seeds]
        mine = average(one)
        measures = {
            "average": estimate(mine, whole),
            "backward transfer": estimate(backward_transfer(one), change),
            "forgetting": estimate(forgetting(one), change),
        }
        if len(one.stages) > 1:
            measures["against joint"] = estimate(difference(mine, joint_average(alike)), change)
            measures["against alone"] = estimate(
                difference(mine, single_device_average(alike)), change
            )
        yield Row(name, entry, one.seeds, measures)
    alone = [one for one in trained.values() if [len(stage) for stage in one.stages] == [1]]
    if len({one.seeds for one in alone}) == 1 and (terms := single_device_average(alone)):
        yield Row(ALONE, entry, alone[0].seeds, {"average": estimate(terms, whole)})


def _marks(records: Sequence[SequenceRecord]) -> list[str]:
    told = {
        "synthetic": any(record.marks.synthetic for record in records),
        "subset": any(record.marks.subset for record in records),
        "partial weights": any(record.marks.partial_weights for record in records),
        "contaminated": any(record.marks.contamination for record in records),
    }
    return [mark for mark, true in told.items() if true]


def _expected(board: BoardCard) -> Iterator[SequenceId]:
    for name, source in product(board.sequences, board.sources):
        for strategy, seed in product(board.strategies_for(source), board.seeds):
            yield SequenceId(
                board=board.id, sequence=name, source=source, strategy=strategy, seed=seed
            )
