"""Records as columns: what a table needs of each, in few arrays however many there are.

Texts repeat from record to record; a column of them is a list of what there is and a number a
record. Nothing here needs pandas, so that worker processes start at once.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt

from benchmark.records.case_table import CaseTable
from benchmark.records.record import Coverage, Marks
from benchmark.records.store import Loaded
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.anova import Scores

MARKS = {
    "synthetic": "synthetic",
    "subset": "subset",
    "partial_weights": "partial weights",
    "contamination": "contaminated",
}
TEXTS = ("path", "target", "source", "strategy", "main_metric", "subjects", "domain", "task",
         "encoder", "marks", "contamination", "unranked", "data", "splits", "target_card",
         "source_card", "weights", "timing", "energy_method", "source_title", "coverage",
         "curve", "software", "started")  # fmt: skip
STATE = ("file_bytes", "file_mtime_ns", "file_ctime_ns", "file_inode")
COUNTS = ("train_subjects", "seed", "train_subjects_used", "failures", "scored",
          "total_parameters", "trainable_parameters", "step", *STATE)  # fmt: skip
TOLD = ("training_gflop", "fine_tuning_seconds", "peak_memory_mib", "energy_joules",
        "gpu_utilisation_percent", "pretraining_items", "learning_rate",
        "validation_dice")  # fmt: skip
AMOUNTS = ("empty_prediction", *TOLD)
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CategoricalColumn:
    """A column of texts: record k says `known[codes[k]]`."""

    known: tuple[str, ...]
    codes: Numbers

    @classmethod
    def of(cls, values: Iterable[str]) -> "CategoricalColumn":
        """Number the texts in the order they come."""
        place: dict[str, int] = {}
        codes = [place.setdefault(value, len(place)) for value in values]
        return cls(tuple(place), np.array(codes, dtype=np.int64))

    def listed(self) -> list[str]:
        """What each record says."""
        return [self.known[code] for code in self.codes.tolist()]

    def take(self, rows: Numbers) -> "CategoricalColumn":
        """Some of the records, and what they say."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        return CategoricalColumn(tuple(self.known[code] for code in used), codes.astype(np.int64))

    @classmethod
    def join(cls, parts: Sequence["CategoricalColumn"]) -> "CategoricalColumn":
        """The records of all parts after each other."""
        place: dict[str, int] = {}
        codes = []
        for part in parts:
            new = [place.setdefault(value, len(place)) for value in part.known]
            codes.append(np.array(new, dtype=np.int64)[part.codes])
        return cls(tuple(place), np.concatenate(codes) if codes else np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class RecordColumns:
    """Columns of records.

    Attributes:
        texts: By name; `subjects` as JSON lists, `curve` as one of step and validation Dice with
            the chosen learning rate.
        counts: Whole numbers by name; those of `STATE` are of the file when it was read.
        amounts: Other numbers by name, NaN where there is none; `mean_<metric>` is over subjects.
        scores: Main metric of all subjects of all records after each other.
        lengths: Number of subjects of each record.
    """

    texts: Mapping[str, CategoricalColumn]
    counts: Mapping[str, Numbers]
    amounts: Mapping[str, Scores]
    scores: Scores
    lengths: Numbers

    def __len__(self) -> int:
        """Number of records."""
        return len(self.lengths)

    def take(self, rows: Numbers) -> "RecordColumns":
        """Some of the records, in this order."""
        ends = np.cumsum(self.lengths)
        parts = [self.scores[ends[row] - self.lengths[row] : ends[row]] for row in rows]
        return RecordColumns(
            {name: column.take(rows) for name, column in self.texts.items()},
            {name: column[rows] for name, column in self.counts.items()},
            {name: column[rows] for name, column in self.amounts.items()},
            np.concatenate(parts) if parts else np.empty(0),
            self.lengths[rows],
        )

    @classmethod
    def join(cls, parts: Sequence["RecordColumns"]) -> "RecordColumns":
        """The records of all parts after each other."""
        parts = [part for part in parts if len(part)] or list(parts[:1])
        if len(parts) < 2:
            return parts[0] if parts else record_columns([])
        names = dict.fromkeys(name for part in parts for name in part.amounts)
        return cls(
            {name: CategoricalColumn.join([part.texts[name] for part in parts]) for name in TEXTS},
            {name: np.concatenate([part.counts[name] for part in parts]) for name in COUNTS},
            {
                name: np.concatenate([
                    part.amounts.get(name, np.full(len(part), np.nan)) for part in parts
                ])
                for name in names
            },
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.lengths for part in parts]),
        )  # fmt: skip


def record_columns(records: Iterable[Loaded]) -> RecordColumns:
    """What tables need of records and their scores."""
    texts: list[tuple[str, ...]] = []
    counts: list[tuple[int, ...]] = []
    amounts: list[tuple[float, ...]] = []
    tables: list[CaseTable] = []
    for record, table, state in records:
        cell, marks, cost, prints = record.cell, record.marks, record.cost, record.fingerprints
        chosen, used = record.selection, record.environment
        texts.append((
            cell.path, cell.target, cell.source, cell.strategy, record.main_metric,
            _subjects_text(table.layout.subjects), record.source.domain, record.source.task,
            record.source.encoder,
            *_marks_texts(marks), prints.data, prints.splits,
            prints.target, prints.source, prints.weights,
            f"{used.device}, {used.threads} thread{'' if used.threads == 1 else 's'}",
            cost.energy_method, record.source.title, coverage_in_words(record.coverage),
            _curve_text(chosen.curve, chosen.learning_rate),
            f"segtransfer {used.segtransfer}, torch {used.torch}, python {used.python}",
            record.started,
        ))  # fmt: skip
        counts.append((
            cell.train_subjects, cell.seed, len(chosen.train_subjects),
            table.failures, len(record.cases), cost.total_parameters, cost.trainable_parameters,
            chosen.step, *state,
        ))  # fmt: skip
        amounts.append((
            cost.training_gflop, cost.fine_tuning_seconds, cost.peak_memory_mib,
            _number(cost.energy_joules), _number(cost.gpu_utilisation_percent),
            _number(record.source.pretraining_items),
            chosen.learning_rate,
            _number(chosen.validation_dice),
        ))  # fmt: skip
        tables.append(table)
    whole = np.array(counts, dtype=np.int64).reshape(-1, len(COUNTS)).T
    told = np.array(amounts, dtype=np.float64).reshape(-1, len(TOLD)).T
    columns = list(zip(*texts, strict=True)) or [()] * len(TEXTS)
    means, scores = _averages(tables, columns[TEXTS.index("main_metric")])
    return RecordColumns(
        dict(zip(TEXTS, map(CategoricalColumn.of, columns), strict=True)),
        dict(zip(COUNTS, whole, strict=True)),
        means | dict(zip(TOLD, told, strict=True)),
        np.concatenate(scores) if scores else np.empty(0),
        np.array([len(one) for one in scores], dtype=np.int64),
    )


def _averages(
    tables: Sequence[CaseTable], main_metrics: Sequence[str]
) -> tuple[dict[str, Scores], list[Scores]]:
    """Means over subjects, those of one layout together, and the main metric of all subjects.

    Labels are averaged within a case, cases within a subject. `empty_prediction` is what finding
    nothing at all would score: 1 where nothing is to be found, else 0 (NaN for metrics that are
    not in [0, 1]).
    """
    alike: dict[tuple[int, tuple[str, ...], str], list[int]] = {}
    for number, (table, main) in enumerate(zip(tables, main_metrics, strict=True)):
        alike.setdefault((id(table.layout), table.metrics, main), []).append(number)
    names = dict.fromkeys(name for _, metrics, _ in alike for name in metrics)
    columns = ("empty_prediction", *(f"mean_{name}" for name in names))
    means = {name: np.full(len(tables), np.nan) for name in columns}
    scores = [np.empty(0)] * len(tables)
    for (_, metrics, main), numbers in alike.items():
        values = np.stack([tables[number].values for number in numbers])
        found = tables[numbers[0]].layout.by_subject(values)
        *mean, empty = (np.add.reduce(found, axis=1) / found.shape[1]).T
        for name, column in zip(metrics, mean, strict=True):
            means[f"mean_{name}"][numbers] = column
        if METRICS[main].one_empty == 0.0:
            means["empty_prediction"][numbers] = empty
        for number, own in zip(numbers, found[:, :, metrics.index(main)], strict=True):
            scores[number] = own
    return means, scores


def _number(value: float | None) -> float:
    return np.nan if value is None else value


@lru_cache(maxsize=256)
def _marks_texts(marks: Marks) -> tuple[str, str, str]:
    """The marks, the reasons of contamination, and those of being unranked."""
    said = ", ".join(text for name, text in MARKS.items() if getattr(marks, name))
    return said, "; ".join(marks.contamination), "; ".join(marks.unranked)


@lru_cache(maxsize=256)
def coverage_in_words(report: Coverage | None) -> str:
    """How much of the network came from the checkpoint, and what did not."""
    if report is None:
        return "no weights: everything starts from random values"
    parts = [f"{report.matched} tensors loaded ({report.parameter_share:.2%} of the parameters)"]
    for what, names in (
        ("missing in the checkpoint", report.missing),
        ("of another shape", report.mismatched),
        ("left unused", report.unused),
    ):
        if names:
            shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
            parts.append(f"{len(names)} {what}: {shown}")
    return "; ".join(parts)


def _curve_text(curve: Iterable[tuple[float, int, float]], chosen: float) -> str:
    """Step and validation Dice with one learning rate, as a JSON list."""
    points = [(step, dice) for rate, step, dice in curve if rate == chosen]
    return msgspec.json.encode(points).decode()


@lru_cache(maxsize=256)
def _subjects_text(subjects: tuple[str, ...]) -> str:
    """Subjects as `subjects_of` reads them."""
    return json.dumps(subjects)


def subjects_of(text: str) -> tuple[str, ...]:
    """Subjects of one entry of the column `subjects`."""
    return tuple(json.loads(text))
