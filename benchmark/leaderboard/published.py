"""Published numbers held against ours: what was rerun, approximated, or cannot be run.

A published number is context. It never becomes a row of a leaderboard and never enters a ranking.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Literal

from benchmark.cards.board import BoardCard, Reproduction
from benchmark.cards.registry import Registry
from benchmark.errors import CardError
from benchmark.leaderboard.published_numbers import Cell, PublishedNumber, read_published
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.records.validate import record_scores
from benchmark.scoring.metrics import POOLED

Status = Literal["rerun", "approximated", "impossible", "not run"]


@dataclass(frozen=True, kw_only=True)
class Reproduced:
    """The same number from our records.

    Attributes:
        cell: Where it comes from.
        value: Mean over seeds.
        sd: Sample deviation over seeds; None for one seed.
        runs: Number of seeds.
        reasons: Why it only approximates the published one; empty for a rerun.
    """

    cell: Cell
    value: float
    sd: float | None
    runs: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PublishedComparison:
    """One published number beside ours.

    Attributes:
        published: The paper's.
        ours: Ours, if there is a record.
        status: What became of it.
        reasons: Why it is not a rerun.
        beside: The same number of another board of ours.
    """

    published: PublishedNumber
    ours: Reproduced | None
    status: Status
    reasons: tuple[str, ...]
    beside: Reproduced | None = None


def compare_with_published(
    registry: Registry,
    board: BoardCard,
    store: Store,
    why_not: Mapping[str, str],
    other: Store | None = None,
) -> list[PublishedComparison]:
    """Published numbers with ours, from the records of a leaderboard folder.

    Args:
        registry: All cards; the numbers are in the folder of the board that `reproduces` names.
        board: A board that reproduces a paper.
        store: Its records.
        why_not: By target or source of the board, why its cells cannot be run here.
        other: Records of another board that reproduces the same paper, for comparison.

    Raises:
        CardError: A board reproduces no paper, or published.csv is malformed.
        RecordError: A record is damaged or not its board's.
    """
    reproduction = _reproduction(board)
    numbers = read_published(registry.folders[reproduction.numbers] / "published.csv")
    records = [record for _, record in store.records()]
    comparisons = compare_published(board, reproduction, numbers, records, why_not)
    if other is None:
        return comparisons
    records = [record for _, record in other.records()]
    reproduced = reproduced_numbers(_reproduction(other.board()), numbers, records)
    return [
        replace(comparison, beside=next(iter(reproduced.get(comparison.published, [])), None))
        for comparison in comparisons
    ]


def _reproduction(board: BoardCard) -> Reproduction:
    if board.reproduces is None:
        raise CardError(f"board {board.id} reproduces no paper; choose another")
    return board.reproduces


def compare_published(
    board: BoardCard,
    how: Reproduction,
    numbers: Sequence[PublishedNumber],
    records: Iterable[RunRecord],
    why_not: Mapping[str, str],
) -> list[PublishedComparison]:
    """Hold published numbers against a board's records, in the order of the file.

    Args:
        board: Ours.
        how: What of it stands for what.
        numbers: The paper's.
        records: Of the board.
        why_not: By target or source of the board, why its cells cannot run here.
    """
    found = reproduced_numbers(how, numbers, records)
    standing = {there: here for here, there in {**how.targets, **how.sources}.items()}
    held = []
    for number in numbers:
        for ours in found.get(number, []):
            held.append(
                PublishedComparison(
                    published=number,
                    ours=ours,
                    status="approximated" if ours.reasons else "rerun",
                    reasons=ours.reasons,
                )
            )
        if number not in found:
            names = [standing.get(name, name) for name in (number.target, number.source)]
            here = [why_not[name] for name in names if name in why_not]
            status: Status = "impossible" if how.private else "not run"
            reason = how.private or (here[0] if here else f"no record of board {board.id}")
            held.append(
                PublishedComparison(published=number, ours=None, status=status, reasons=(reason,))
            )
    return held


def reproduced_numbers(
    how: Reproduction, numbers: Sequence[PublishedNumber], records: Iterable[RunRecord]
) -> dict[PublishedNumber, list[Reproduced]]:
    """For each published number that we have, ours; several where several targets stand for it."""
    runs: dict[Cell, dict[Cell, list[RunRecord]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        cell = record.cell
        here = (cell.target, cell.source, cell.strategy, cell.train_subjects)
        there = (
            how.targets.get(cell.target, cell.target),
            how.sources.get(cell.source, cell.source),
            cell.strategy,
            how.sizes.get(cell.train_subjects, cell.train_subjects),
        )
        runs[there][here].append(record)
    found = {}
    for number in numbers:
        ours = [
            _ours(how, number, cell, some)
            for cell, some in sorted(runs.get(number.cell, {}).items())
        ]
        if known := [one for one in ours if one is not None]:
            found[number] = known
    return found


def _ours(
    how: Reproduction, number: PublishedNumber, cell: Cell, records: Sequence[RunRecord]
) -> Reproduced | None:
    values = [_value(record, number.metric) for record in records]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return Reproduced(
        cell=cell,
        value=fmean(known),
        sd=stdev(known) if len(known) > 1 else None,
        runs=len(known),
        reasons=_reasons(how, number, cell, records),
    )


def _value(record: RunRecord, metric: str) -> float | None:
    if record.pooled and metric in record.pooled:
        return record.pooled[metric]
    name = POOLED[metric].per_case if metric in POOLED else metric
    table = record_scores(record)
    return float(table.subject_scores(name).mean()) if name in table.metrics else None


def _reasons(
    how: Reproduction, number: PublishedNumber, cell: Cell, records: Sequence[RunRecord]
) -> tuple[str, ...]:
    """Why these records are no rerun of the published number."""
    target, source, _, size = cell
    reasons = []
    if target != number.target:
        reasons.append(f"{target} for {number.target}")
    if source != number.source:
        reasons.append(f"{source} for {number.source}")
    if size != number.train_subjects:
        sizes = [str(n or "all") for n in (size, number.train_subjects)]
        reasons.append(f"{sizes[0]} training subjects for {sizes[1]}")
    if number.metric in POOLED and not all(number.metric in (r.pooled or {}) for r in records):
        reasons.append("mean over test subjects, not pooled over batches")
    marks = [record.marks for record in records]
    reasons += [text for text in ("synthetic", "subset") if any(getattr(m, text) for m in marks)]
    if any(mark.partial_weights for mark in marks):
        reasons.append("partial weights")
    reasons += dict.fromkeys(reason for mark in marks for reason in mark.unranked)
    if number.runs and len(records) < number.runs:
        reasons.append(f"{len(records)} of {number.runs} runs")
    return (*reasons, *how.differs)
