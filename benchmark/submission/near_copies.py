"""Near copies of other entries: label maps and scores that are not equal, but not independent.

Two rows of a case and label are compared where both have a Dice of 0.5 or more: entries that find
nothing, or everything, agree without copying.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import numpy as np

from benchmark.errors import RecordError
from benchmark.records.predictions import PredictionHashes, read_hashes, read_map
from benchmark.records.record import CaseScore, RunRecord
from benchmark.submission import limits

Rows = dict[tuple[str, str], float]
"""Dice by case and label."""


def correlation(one: RunRecord, other: RunRecord) -> float:
    """Pearson correlation of the Dice of two records; 0 with fewer than MIN_CORRELATED rows."""
    pairs = _in_common(one, other)
    values = np.array(list(pairs.values()))
    if len(values) < limits.MIN_CORRELATED or values.std(axis=0).min() == 0:
        return 0.0
    return float(np.corrcoef(values.T)[0, 1])


def agreeing_maps(
    record: RunRecord,
    maps: Path,
    hashes: PredictionHashes,
    other: RunRecord,
    other_maps: Path,
    labels: tuple[str, ...],
) -> bool:
    """Whether the label maps of two records agree far more than either with the reference.

    In more than half of the rows, the difference between both maps (1 - Dice) is less than
    NEAR_SHARE of the smaller of their differences from the reference. The MOST_COMPARED rows of
    the record with the lowest Dice are compared.

    Args:
        record: Of the submission.
        maps: Its label maps.
        hashes: Its hashes, which name the cases in the order of the maps.
        other: An accepted record of the same target.
        other_maps: Its label maps, with their hashes beside them.
        labels: Of the target; the first has the value 1.
    """
    known = read_hashes(other_maps.with_suffix(".json"))
    places = [{case: k for k, case in enumerate(one.cases)} for one in (hashes, known)]
    rows = sorted(_in_common(record, other).items(), key=lambda row: row[1][0])
    near = compared = 0
    for (case, label), dice in islice(rows, limits.MOST_COMPARED):
        if not all(case in place for place in places):
            continue
        paths = zip((maps, other_maps), places, strict=True)
        one, two = (read_map(path, place[case]) == labels.index(label) + 1 for path, place in paths)
        if one.shape != two.shape:
            return False
        apart = 1 - 2 * float((one & two).sum()) / max(1, int(one.sum()) + int(two.sum()))
        compared += 1
        near += apart <= limits.NEAR_SHARE * (1 - max(dice))
    return compared >= limits.MIN_ROWS and near > limits.MAX_EQUAL_SHARE * compared


def near_copies(
    records: Mapping[str, tuple[RunRecord, Path, PredictionHashes]],
    accepted: Sequence[tuple[RunRecord, Path]],
    labels: Mapping[str, tuple[str, ...]],
) -> Iterator[tuple[bool, str]]:
    """Each near copy, with whether it is one beyond doubt.

    Args:
        records: Of the submission, by path, with label maps (which need not exist) and hashes.
        accepted: Records of other sources with their label maps.
        labels: Of each target.
    """
    for name, (record, maps, hashes) in records.items():
        for other, other_maps in accepted:
            if other.cell.target != record.cell.target or other.cell.source == record.cell.source:
                continue
            if (found := correlation(record, other)) >= limits.DOUBTFUL_CORRELATION:
                sure = found >= limits.COPY_CORRELATION
                yield (
                    sure,
                    f"{name}: scores correlate with those of {other.cell.path} at {found:.5f}",
                )
            with suppress(RecordError):  # damaged maps are found when they are scored again
                if maps.is_file() and other_maps.is_file() and agreeing_maps(
                    record, maps, hashes, other, other_maps, labels[record.cell.target]
                ):  # fmt: skip
                    yield True, f"{name}: label maps are nearly those of {other.cell.path}"


def _in_common(one: RunRecord, other: RunRecord) -> dict[tuple[str, str], tuple[float, float]]:
    first, second = (_rows(record.cases) for record in (one, other))
    return {
        row: (dice, second[row])
        for row, dice in first.items()
        if row in second and min(dice, second[row]) >= limits.LEAST_DICE
    }


def _rows(cases: tuple[CaseScore, ...]) -> Rows:
    return {
        (row.case, row.label): row.scores["dice"]
        for row in cases
        if "dice" in row.scores and not row.reference_empty and row.scores["dice"] < 1
    }
