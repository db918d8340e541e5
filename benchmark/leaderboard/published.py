"""Published numbers compared with ours: rerun, approximated, illustrated, or impossible to run.

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

Status = Literal["rerun", "approximated", "illustrated", "impossible", "not run"]

SOFT_DICE, SOFT_IOU = "pooled_soft_dice", "pooled_soft_iou"
SYNTHETIC = "synthetic"  # the reason that makes a number an illustration


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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
    reproduction: Reproduction,
    numbers: Sequence[PublishedNumber],
    records: Iterable[RunRecord],
    why_not: Mapping[str, str],
) -> list[PublishedComparison]:
    """Compare published numbers with a board's records, in the order of the file.

    Args:
        board: The board.
        reproduction: Which of its targets, sources and sizes stand for those of the paper.
        numbers: The paper's numbers.
        records: Records of the board.
        why_not: By target or source of the board, why its cells cannot be run here.
    """
    reproduced = reproduced_numbers(reproduction, numbers, records)
    mapping = {**reproduction.targets, **reproduction.sources}
    ours_of = {theirs: ours for ours, theirs in mapping.items()}
    not_run: Status = "impossible" if reproduction.private else "not run"
    comparisons = []
    for number in numbers:
        for ours in reproduced.get(number, []):
            comparisons.append(PublishedComparison(number, ours, _status(ours), ours.reasons))
        if number not in reproduced:
            names = (ours_of.get(name, name) for name in (number.target, number.source))
            reasons = (why_not[name] for name in names if name in why_not)
            missing = f"no record of board {board.id} with {number.metric}"
            if not _has_cell(board, reproduction, number):
                missing = f"board {board.id} has no such cell"
            reason = reproduction.private or next(reasons, missing)
            comparisons.append(PublishedComparison(number, None, not_run, (reason,)))
    return comparisons


def _has_cell(board: BoardCard, reproduction: Reproduction, number: PublishedNumber) -> bool:
    """Whether a cell of the board stands for that of a published number."""
    return number.cell in {
        _stands_for(reproduction, (target, source, strategy, size))
        for target, size in board.settings
        for source in board.sources
        for strategy in board.strategies_for(source)
    }


def _stands_for(reproduction: Reproduction, cell: Cell) -> Cell:
    """The published cell that a cell of ours stands for."""
    target, source, strategy, size = cell
    return (
        reproduction.targets.get(target, target),
        reproduction.sources.get(source, source),
        strategy,
        reproduction.sizes.get(size, size),
    )


def _status(ours: Reproduced) -> Status:
    """What a number of ours is; on synthetic images it is no measurement of the same thing."""
    if SYNTHETIC in ours.reasons:
        return "illustrated"
    return "approximated" if ours.reasons else "rerun"


def reproduced_numbers(
    reproduction: Reproduction, numbers: Sequence[PublishedNumber], records: Iterable[RunRecord]
) -> dict[PublishedNumber, list[Reproduced]]:
    """Our value of each published number; several where several targets stand for its target.

    Records of other lanes than `unet` have no published counterpart.
    """
    runs: dict[Cell, dict[Cell, list[RunRecord]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        cell = record.cell
        ours = (cell.target, cell.source, cell.strategy, cell.train_subjects)
        if cell.lane == "unet":
            runs[_stands_for(reproduction, ours)][ours].append(record)
    reproduced = {}
    for number in numbers:
        cells = sorted(runs[number.cell].items()) if number.cell in runs else []
        values = [_reproduced(reproduction, number, cell, records) for cell, records in cells]
        if complete := [value for value in values if value is not None]:
            reproduced[number] = complete
    return reproduced


def _reproduced(
    reproduction: Reproduction, number: PublishedNumber, cell: Cell, records: Sequence[RunRecord]
) -> Reproduced | None:
    """The mean over the seeds; None if a record lacks the metric."""
    values = [_value(record, number.metric) for record in records]
    complete = [value for value in values if value is not None]
    if len(complete) < len(values):
        return None
    sd = stdev(complete) if len(complete) > 1 else None
    reasons = _reasons(reproduction, number, cell, records)
    return Reproduced(cell, fmean(complete), sd, len(complete), reasons)


def _value(record: RunRecord, metric: str) -> float | None:
    pooled = record.pooled or {}
    if metric in pooled:
        return pooled[metric]
    if metric == SOFT_IOU and SOFT_DICE in pooled:
        return pooled[SOFT_DICE] / (2 - pooled[SOFT_DICE])
    name = POOLED[metric].per_case if metric in POOLED else metric
    table = record_scores(record)
    return float(table.subject_scores(name).mean()) if name in table.metrics else None


def _reasons(
    reproduction: Reproduction, number: PublishedNumber, cell: Cell, records: Sequence[RunRecord]
) -> tuple[str, ...]:
    """Why these records only approximate the published number."""
    target, source, _, size = cell
    reasons = []
    if target != number.target:
        reasons.append(f"{target} for {number.target}")
    if source != number.source:
        reasons.append(f"{source} for {number.source}")
    if size != number.train_subjects:
        sizes = [str(n or "all") for n in (size, number.train_subjects)]
        reasons.append(f"{sizes[0]} training subjects for {sizes[1]}")
    pooled = [record.pooled or {} for record in records]
    if number.metric in POOLED and not all(number.metric in scores for scores in pooled):
        derived = number.metric == SOFT_IOU and all(SOFT_DICE in scores for scores in pooled)
        reasons.append(
            "D / (2 - D) of the mean soft Dice"
            if derived
            else "mean over test subjects, not pooled over batches"
        )
    marks = [record.marks for record in records]
    reasons += [text for text in (SYNTHETIC, "subset") if any(getattr(m, text) for m in marks)]
    if any(mark.partial_weights for mark in marks):
        reasons.append("partial weights")
    reasons += dict.fromkeys(reason for mark in marks for reason in mark.unranked)
    if number.runs and len(records) < number.runs:
        reasons.append(f"{len(records)} of {number.runs} runs")
    return (*reasons, *reproduction.differs)
