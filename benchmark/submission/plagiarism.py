"""Copies of other entries, and results that no honest run has.

Two entries are compared in informative rows only, those in which something was predicted and the
scores are not perfect: entries that miss everything, or have it all right, agree without copying.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from operator import attrgetter
from statistics import mean
from typing import Any

from benchmark.records.cell import CellId
from benchmark.records.predictions import PredictionHashes
from benchmark.records.record import CaseScore, RunRecord
from benchmark.scoring.metrics import METRICS
from benchmark.submission.limits import IOU_TOLERANCE, MAX_EQUAL_SHARE, MAX_OPTIMISM, MIN_ROWS

CaseScores = dict[tuple[str, str], dict[str, float]]
"""Scores by case and label."""


def informative_scores(record: RunRecord) -> CaseScores:
    """The scores of the rows in which something was predicted and not everything is right.

    A cell that failed has none.
    """
    return (
        {}
        if record.failed
        else {
            (row.case, row.label): row.scores
            for row in record.cases
            if not (row.prediction_empty or _perfect(row))
        }
    )


def copies(
    records: Mapping[str, RunRecord],
    hashes: Mapping[str, PredictionHashes],
    accepted: Iterable[tuple[RunRecord, PredictionHashes | None]],
) -> Iterator[str]:
    """Records whose predictions or scores are those of another source.

    Args:
        records: Of the submission, by path.
        hashes: Of its predictions, by the same paths.
        accepted: Records of other sources, with their prediction hashes if kept.
    """
    others: dict[str, list[tuple[CellId, CaseScores, PredictionHashes | None]]] = defaultdict(list)
    for other, known in accepted:
        others[other.cell.target].append((other.cell, informative_scores(other), known))
    for name, record in records.items():
        scores = informative_scores(record)
        predictions = _predictions(scores, hashes[name])
        for cell, other_scores, known in others[record.cell.target]:
            if cell.source == record.cell.source:
                continue
            if known is not None and _copied(predictions, _predictions(scores, known)):
                yield f"{name}: has the predictions of {cell.path}"
            elif _copied(scores, other_scores):
                yield f"{name}: has the scores of {cell.path}"


def implausible(records: Mapping[str, RunRecord]) -> Iterator[str]:
    """Reasons to refuse: every score perfect, the same score in every case, equal seeds."""
    by_setting = defaultdict(list)
    for name, record in records.items():
        rows = [row for row in record.cases if not row.reference_empty]
        scores = informative_scores(record)
        if len(rows) >= MIN_ROWS and all(map(_perfect, rows)):
            yield f"{name}: every case is segmented perfectly"
        first, *others = scores.values() or [None]
        if len(scores) >= MIN_ROWS and all(other == first for other in others):
            yield f"{name}: every case has the same scores"
        cell = record.cell
        by_setting[cell.source, cell.target, cell.lane, cell.strategy, cell.train_subjects].append(
            (name, scores)
        )
    for seeds in by_setting.values():
        for (one, first_scores), (other, second_scores) in combinations(seeds, 2):
            if _copied(first_scores, second_scores):
                yield f"{other}: has the scores of {one}, another seed"


def iou_problems(row: CaseScore) -> Iterator[str]:
    """An IoU that does not follow from the Dice of the same two masks: IoU = Dice / (2 - Dice)."""
    dice, iou = (row.scores.get(name) for name in ("dice", "iou"))
    if dice is not None and iou is not None and abs(iou - dice / (2 - dice)) > IOU_TOLERANCE:
        yield (
            f"case {row.case!r}, {row.label}: IoU is {iou:g}, by the Dice of {dice:g} it would be "
            f"{dice / (2 - dice):.6f}"
        )


def cost_problems(record: RunRecord) -> Iterator[str]:
    """Costs that contradict each other."""
    cost = record.cost
    if cost.trainable_parameters > cost.total_parameters:
        yield "cost: more parameters are trained than there are"
    if cost.fine_tuning_seconds > cost.total_seconds:
        yield "cost: fine-tuning takes longer than the whole run"


def doubtful(records: Mapping[str, RunRecord], accepted: Sequence[RunRecord]) -> Iterator[str]:
    """Reasons for a person to look: weights of another source, validation far above test, costs."""
    network = attrgetter("source.encoder", "cell.target", "cell.lane", "cell.strategy")
    sizes = {network(record): record.cost.total_parameters for record in accepted}
    for name, record in records.items():
        count = record.cost.total_parameters
        if (known := sizes.get(network(record), count)) != count:
            yield (
                f"{name}: {count} parameters, {known} in accepted records on that encoder; has "
                "it another number of input channels?"
            )
    owners = {record.fingerprints.weights: record.cell.source for record in accepted}
    owners.pop("none", None)
    for weights in {record.fingerprints.weights for record in records.values()} & set(owners):
        yield f"the weights are those of {owners[weights]!r}"
    for name, record in records.items():
        validation = record.selection.validation_dice
        dice = [row.scores["dice"] for row in record.cases if "dice" in row.scores]
        if validation is not None and dice and validation - mean(dice) > MAX_OPTIMISM:
            yield f"{name}: validation Dice is {validation - mean(dice):.2f} above the test Dice"


def _perfect(row: CaseScore) -> bool:
    return all(value == METRICS[name].best for name, value in row.scores.items())


def _predictions(scores: CaseScores, hashes: PredictionHashes) -> dict[str, str]:
    return {case: hashes.cases[case] for case, _ in scores if case in hashes.cases}


def _copied(one: Mapping[Any, object], other: Mapping[Any, object]) -> bool:
    """Whether more than half of the values of one are also in the other, at the same keys."""
    equal = sum(other.get(key) == value for key, value in one.items())
    return len(one) >= MIN_ROWS and equal > MAX_EQUAL_SHARE * len(one)
