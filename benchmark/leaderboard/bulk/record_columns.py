"""Records as arrays, one per column of `columns.py`.

Texts repeat from record to record, so a column of texts holds the different ones and a code per
record. Nothing here needs pandas, so that worker processes start quickly.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from benchmark.leaderboard.columns import MEAN, RECORD_COLUMNS
from benchmark.records.case_table import CaseTable
from benchmark.records.record import RunRecord
from benchmark.records.store import Loaded
from benchmark.records.trust import LEVELS, TrustLevel
from benchmark.records.validate import Conditions, record_scores
from benchmark.statistics.anova import Scores

Numbers: TypeAlias = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64] | npt.NDArray[np.intp]
RATIOS = ("dice", "iou")  # metrics whose score of an empty prediction is known


@dataclass(frozen=True)
class TextColumn:
    """A column of texts: record k has `values[codes[k]]`; all values are different."""

    values: tuple[str, ...]
    codes: npt.NDArray[np.int64]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "TextColumn":
        """Number the texts in the order of their first record."""
        code_of: dict[str, int] = {}
        codes = [code_of.setdefault(value, len(code_of)) for value in texts]
        return cls(tuple(code_of), np.array(codes, dtype=np.int64))

    def __len__(self) -> int:
        """Number of records."""
        return len(self.codes)

    def tolist(self) -> list[str]:
        """The text of each record."""
        return [self.values[code] for code in self.codes.tolist()]

    def array(self, convert: Callable[[str], object] = str) -> npt.NDArray[np.object_]:
        """The text of each record, or what it is converted to; each value is converted once."""
        values = np.empty(len(self.values), dtype=object)
        values[:] = [convert(value) for value in self.values]
        return values[self.codes]

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """Position of each record's text among the sorted values."""
        return np.argsort(np.argsort(np.array(self.values, dtype=object)))[self.codes]

    def take(self, rows: Rows) -> "TextColumn":
        """Some of the records."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        return TextColumn(tuple(self.values[code] for code in used), codes.astype(np.int64))

    @classmethod
    def join(cls, parts: Sequence["TextColumn"]) -> "TextColumn":
        """The records of all parts after each other."""
        code_of: dict[str, int] = {}
        codes = []
        for part in parts:
            new = [code_of.setdefault(value, len(code_of)) for value in part.values]
            codes.append(np.array(new, dtype=np.int64)[part.codes])
        return cls(tuple(code_of), np.concatenate(codes))


@dataclass(frozen=True)
class RecordColumns:
    """Columns of records.

    Attributes:
        texts: Texts by name; `subject_names` are JSON lists, `curve` is one of step and
            validation Dice.
        numbers: Numbers by name, NaN where one is missing; `mean_<metric>` is over subjects.
        scores: Main metric of all subjects of all records after each other.
        lengths: Number of subjects of each record.
    """

    texts: Mapping[str, TextColumn]
    numbers: Mapping[str, Numbers]
    scores: Scores
    lengths: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of records."""
        return len(self.lengths)

    def scores_of_each(self) -> npt.NDArray[np.object_]:
        """Main metric (subjects,) of each record."""
        each = np.empty(len(self), dtype=object)
        ends = np.cumsum(self.lengths).tolist()
        each[:] = [self.scores[start:end] for start, end in pairwise([0, *ends])]
        return each

    def take(self, rows: Rows) -> "RecordColumns":
        """Some of the records, in this order."""
        parts = self.scores_of_each()[rows]
        return RecordColumns(
            {name: column.take(rows) for name, column in self.texts.items()},
            {name: column[rows] for name, column in self.numbers.items()},
            np.concatenate(parts) if len(parts) else np.empty(0),
            self.lengths[rows],
        )

    def with_trust(self, levels: Mapping[str, TrustLevel]) -> "RecordColumns":
        """The same with the trust level of each record, by its path."""
        trust = TextColumn.of(levels.get(path, LEVELS[0]) for path in self.texts["path"].tolist())
        return replace(self, texts={**self.texts, "trust": trust})

    @classmethod
    def join(cls, parts: Sequence["RecordColumns"]) -> "RecordColumns":
        """The records of all parts after each other; there is at least one part."""
        parts = [part for part in parts if len(part)] or parts[:1]
        if len(parts) == 1:
            return parts[0]
        numbers: dict[str, Numbers] = {}
        for name in dict.fromkeys(name for part in parts for name in part.numbers):
            columns = [part.numbers.get(name, np.full(len(part), np.nan)) for part in parts]
            numbers[name] = np.concatenate(columns)
        return cls(
            {name: TextColumn.join([part.texts[name] for part in parts])
             for name in parts[0].texts},
            numbers,
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.lengths for part in parts]),
        )  # fmt: skip


def columns_of_records(records: Iterable[RunRecord], conditions: Conditions) -> RecordColumns:
    """Columns of records that are not read from a folder.

    Args:
        records: Of the board.
        conditions: Of the board; a record made under another protocol is not ranked.

    Raises:
        RecordError: The cases of a record contradict each other.
    """
    return record_columns(
        Loaded(record, record_scores(record), conditions.unranked(record)) for record in records
    )


def record_columns(records: Iterable[Loaded]) -> RecordColumns:
    """Columns of checked records."""
    getters = [column.value_of for column in RECORD_COLUMNS]
    rows, tables = [], []
    for loaded in records:
        rows.append([value(loaded) for value in getters])
        tables.append(loaded.table)
    columns = list(zip(*rows, strict=True)) or [()] * len(RECORD_COLUMNS)
    texts, numbers = {}, dict[str, Numbers]()
    for column, values in zip(RECORD_COLUMNS, columns, strict=True):
        if column.kind == "text":
            texts[column.name] = TextColumn.of(values)
        else:  # None becomes NaN
            numbers[column.name] = (
                np.array(values, np.int64) if column.whole else np.array(values, np.float64)
            )
    means, scores = _averages(tables, texts["main_metric"].tolist())
    return RecordColumns(
        texts,
        {**means, **numbers},
        np.concatenate(scores) if scores else np.empty(0),
        np.array([len(of_record) for of_record in scores], dtype=np.int64),
    )


def _averages(
    tables: Sequence[CaseTable], main_metrics: Sequence[str]
) -> tuple[dict[str, Scores], list[Scores]]:
    """Means over subjects, and the main metric of all subjects of each record.

    Labels are averaged within a case, cases within a subject; records with the same layout are
    computed together. `empty_prediction` is the score of an empty prediction: 1 where the
    reference is empty, else 0 (NaN for other metrics than Dice and IoU).
    """
    groups: dict[tuple[int, tuple[str, ...], str], list[int]] = {}
    for row, (table, main) in enumerate(zip(tables, main_metrics, strict=True)):
        groups.setdefault((id(table.layout), table.metrics, main), []).append(row)
    names = dict.fromkeys(name for _, metrics, _ in groups for name in metrics)
    columns = ("empty_prediction", *(f"{MEAN}{name}" for name in names))
    means = {name: np.full(len(tables), np.nan) for name in columns}
    scores = [np.empty(0)] * len(tables)
    for (_, metrics, main), rows in groups.items():
        values = np.stack([tables[row].values for row in rows])
        by_subject = tables[rows[0]].layout.by_subject(values)
        *mean, empty = (np.add.reduce(by_subject, axis=1) / by_subject.shape[1]).T
        for name, column in zip(metrics, mean, strict=True):
            means[f"{MEAN}{name}"][rows] = column
        if main in RATIOS:
            means["empty_prediction"][rows] = empty
        for row, of_record in zip(rows, by_subject[:, :, metrics.index(main)], strict=True):
            scores[row] = of_record
    return means, scores
