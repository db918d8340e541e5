"""The scores of a record as an array: which row is which case, label and subject.

No row may be twice, missing or contradict another; every score is in its metric's range.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import attrgetter, itemgetter, ne
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import astuple

from benchmark.errors import unknown_name
from benchmark.records.record import CaseScore
from benchmark.scoring.metrics import METRICS

Places = npt.NDArray[np.intp]
Values = npt.NDArray[np.float64]
Names = tuple[str, ...]  # one per row
Pick = Callable[[dict[str, float]], tuple[float, ...]]
OVERLAP = {"dice", "iou"}  # metrics that are 0 exactly where there is no overlap
ROW = attrgetter("case", "subject", "label", "reference_empty", "prediction_empty", "scores")


class CasesError(ValueError):
    """Cases that contradict each other: the field, what was found and what was expected."""


@dataclass(frozen=True)
class CaseLayout:
    """The same for all records of one target.

    Attributes:
        subjects: Names, sorted.
        order: Rows by subject and case.
        case_starts: Where in `order` each case begins.
        labels: Number of rows of each case.
        subject_starts: Where among these cases each subject begins.
        cases: Number of cases of each subject.
    """

    subjects: tuple[str, ...]
    order: Places
    case_starts: Places
    labels: Places
    subject_starts: Places
    cases: Places

    def by_subject(self, values: Values) -> Values:
        """Means of values (..., rows, columns): labels in a case, cases in a subject.

        Returns:
            (..., subjects, columns)
        """
        rows = values[..., self.order, :]
        if len(self.order) == len(self.subjects):
            return rows
        of_case = np.add.reduceat(rows, self.case_starts, axis=-2) / self.labels[:, None]
        of_subject = np.add.reduceat(of_case, self.subject_starts, axis=-2)
        return np.asarray(of_subject / self.cases[:, None], dtype=np.float64)


@dataclass(frozen=True)
class CaseTable:
    """The scores of a record: one row per case and label.

    Attributes:
        layout: Which row is which.
        metrics: Names of the columns of `values`, but for the last.
        values: Scores; in the last column 1 where nothing is to be found, which is what an empty
            mask would score, else 0.
        failures: Number of rows without overlap: a structure was missed, found elsewhere only, or
            found where nothing is. Without Dice and IoU only rows with one empty mask are known.
    """

    layout: CaseLayout
    metrics: tuple[str, ...]
    values: Values
    failures: int

    def by_subject(self) -> Values:
        """Means of the values (subjects, columns)."""
        return self.layout.by_subject(self.values)

    def subject_scores(self, metric: str) -> Values:
        """One metric of each subject (subjects,)."""
        return self.by_subject()[:, self.metrics.index(metric)]


def case_table(cases: Sequence[CaseScore]) -> CaseTable:
    """The scores of a record.

    Raises:
        CasesError: There is no row, a case has two subjects, a case and label are there twice or
            lacking, rows have different or unknown metrics, or a score is not in its range.
    """
    if not cases:
        raise CasesError("cases: holds none; expected one or more scored cases")
    metrics = tuple(cases[0].scores)
    low, high, pick = _metrics(metrics, len(cases))
    row_of: Callable[..., tuple[Any, ...]] = astuple if isinstance(cases[0], Struct) else ROW
    *names, empty, found_none, scores = zip(*map(row_of, cases), strict=True)
    values = np.zeros((len(cases), len(metrics) + 1))
    count, typed = len(cases) * len(metrics), isinstance(scores[0], Struct)
    try:
        flat = chain.from_iterable(map(astuple if typed else pick, scores))
        values[:, :-1] = np.fromiter(flat, np.float64, count).reshape(len(cases), -1)
        alike = typed or 0 < sum(map(len, scores)) == count
    except KeyError:
        alike = False
    if not alike:
        number = next(n for n, row in enumerate(scores) if not row or row.keys() != set(metrics))
        raise CasesError(
            f"cases.{number}.scores: of {', '.join(cases[number].scores) or 'nothing'}; expected "
            f"{', '.join(metrics) or 'nothing'} as in the first case"
        )
    if any(empty):
        values[:, -1] = empty
    good = (values >= low) & (values <= high)
    if np.count_nonzero(good) < good.size:
        row, column = np.argwhere(~good)[0]
        raise CasesError(
            f"cases.{row}.scores.{metrics[column]}: is {values[row, column]}; "
            f"expected {low[row, column]:g} to {high[row, column]:g}"
        )
    failed = np.fromiter(map(ne, empty, found_none), np.bool_, len(cases))
    for name in OVERLAP & set(metrics):
        failed |= values[:, metrics.index(name)] == 0
    return CaseTable(_layout(*names), metrics, values, int(np.count_nonzero(failed)))


@lru_cache(maxsize=256)
def _metrics(metrics: Names, rows: int) -> tuple[Values, Values, Pick]:
    """Smallest and largest values (rows, columns), and what picks the scores of a row."""
    bounds = list[tuple[float, float]]()
    for name in metrics:
        if name not in METRICS:
            raise CasesError(f"cases.0.scores: {unknown_name('metric', name, METRICS)}")
        bounds.append(METRICS[name].bounds)
    smallest, largest = np.array([*bounds, (0.0, 1.0)]).T
    low, high = np.tile(smallest, (rows, 1)), np.tile(largest, (rows, 1))
    if len(metrics) == 1:
        return low, high, lambda scores: (scores[metrics[0]],)
    return low, high, itemgetter(*metrics) if metrics else lambda scores: ()


@lru_cache(maxsize=256)
def _layout(cases: Names, of_subjects: Names, of_labels: Names) -> CaseLayout:
    owners: dict[str, str] = {}
    labels: dict[str, set[str]] = {}
    every = set(of_labels)
    rows = zip(cases, of_subjects, of_labels, strict=True)
    for number, (case, subject, label) in enumerate(rows):
        if owners.setdefault(case, subject) != subject:
            raise CasesError(
                f"cases.{number}.subject: case {case!r} is of subject {subject!r}, and of "
                f"{owners[case]!r} before; expected one subject"
            )
        if label in labels.setdefault(case, set()):
            raise CasesError(
                f"cases.{number}: case {case!r} with label {label!r} is there twice; expected once"
            )
        labels[case].add(label)
    for case, present in labels.items():
        if present != every:
            raise CasesError(
                f"cases: case {case!r} lacks label {min(every - present)!r}; "
                "expected every label for every case"
            )
    case_number = {name: number for number, name in enumerate(owners)}
    subjects = sorted(set(owners.values()))
    number_of = {name: number for number, name in enumerate(subjects)}
    case_of = np.array([case_number[case] for case in cases], dtype=np.intp)
    subject_of = np.array([number_of[subject] for subject in owners.values()], dtype=np.intp)
    order = np.lexsort((case_of, subject_of[case_of]))
    lengths = np.bincount(case_of)[np.argsort(subject_of, kind="stable")]
    counts = np.bincount(subject_of)
    return CaseLayout(tuple(subjects), order, _starts(lengths), lengths, _starts(counts), counts)


def _starts(lengths: Places) -> Places:
    return np.cumsum(lengths) - lengths
