"""Copies of other entries, and values that no honest run gives.

A map or score says something only where something was predicted and the result is not perfect:
entries that miss everything, or have it all right, agree without having copied.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from benchmark.records.predictions import PredictionHashes
from benchmark.records.record import CaseScore, RunRecord
from benchmark.scoring.metrics import METRICS

Telling = dict[tuple[str, str], tuple[tuple[str, float], ...]]
ALIKE = 0.5  # share of telling rows that may be the same in two entries
OPTIMISM = 0.3  # validation Dice above the test Dice that a person should look at
FEW = 3  # fewer rows than this tell nothing


def telling(record: RunRecord) -> Telling:
    """All scores of the rows in which something was predicted and not all is right."""
    return {
        (row.case, row.label): tuple(sorted(row.scores.items()))
        for row in record.cases
        if not (row.prediction_empty or _perfect(row))
    }


def copies(
    records: Mapping[str, RunRecord],
    hashes: Mapping[str, PredictionHashes],
    accepted: Iterable[tuple[RunRecord, PredictionHashes | None]],
) -> Iterator[str]:
    """Records whose predictions or scores are another source's.

    Args:
        records: Of the submission, by path.
        hashes: Of its predictions, by the same paths.
        accepted: Records of other sources on the board, with their prediction hashes if kept.
    """
    theirs: dict[str, list[tuple[str, Telling, PredictionHashes | None]]] = defaultdict(list)
    for record, known in accepted:
        theirs[record.cell.target].append((record.cell.path, telling(record), known))
    for name, record in records.items():
        own = telling(record)
        for path, scores, known in theirs[record.cell.target]:
            if known is not None and _alike(_maps(own, hashes[name]), _maps(own, known)):
                yield f"{name}: has the predictions of {path}"
            elif _alike(own, scores):
                yield f"{name}: has the scores of {path}"


def implausible(records: Mapping[str, RunRecord]) -> Iterator[str]:
    """What refuses: every score perfect, the same score for every case, equal seeds."""
    for name, record in records.items():
        rows = [row for row in record.cases if not row.reference_empty]
        found = telling(record)
        if len(rows) >= FEW and all(map(_perfect, rows)):
            yield f"{name}: every case is segmented perfectly"
        if len(found) >= FEW and len(set(found.values())) == 1:
            yield f"{name}: every case has the same scores"
    groups = defaultdict(list)
    for name, record in records.items():
        cell = record.cell
        groups[cell.target, cell.strategy, cell.train_subjects].append((name, telling(record)))
    for group in groups.values():
        for (one, first), (two, second) in combinations(group, 2):
            if _alike(first, second):
                yield f"{two}: has the scores of {one}, another seed"


def doubtful(records: Mapping[str, RunRecord], accepted: Iterable[RunRecord]) -> Iterator[str]:
    """What a person should look at: weights of another source, validation far above test."""
    known = {record.fingerprints.weights: record.cell.source for record in accepted}
    known.pop("none", None)
    for weights in {record.fingerprints.weights for record in records.values()} & set(known):
        yield f"the weights are those of {known[weights]!r}"
    for name, record in records.items():
        validation = record.selection.validation_dice
        dice = [row.scores["dice"] for row in record.cases if "dice" in row.scores]
        if validation is not None and dice:
            above = validation - sum(dice) / len(dice)
            if above > OPTIMISM:
                yield f"{name}: validation Dice is {above:.2f} above the test Dice"


def _perfect(row: CaseScore) -> bool:
    return all(value == METRICS[name].best for name, value in row.scores.items())


def _maps(rows: Telling, hashes: PredictionHashes) -> dict[str, str]:
    return {case: hashes.cases[case] for case, _ in rows if case in hashes.cases}


def _alike(one: Mapping[Any, object], two: Mapping[Any, object]) -> bool:
    """Whether more than half of what both say is the same."""
    same = sum(two.get(key) == value for key, value in one.items())
    return len(one) >= FEW and same > ALIKE * len(one)
