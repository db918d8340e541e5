"""Records as one table: a row a cell, with its scores by subject."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.records.checks import record_scores
from benchmark.records.record import RunRecord
from benchmark.reporting.cells import COUNTS, TEXTS, Cells, cells_of, subjects_of

ENTRY = ["source", "strategy"]
ROW = ["target", "train_subjects", *ENTRY]
ABSENT = ("empty_prediction", "energy_joules")  # None where there is none


def cell_frame(records: Iterable[RunRecord]) -> pd.DataFrame:
    """One row per record; `subjects` and `scores` hold arrays (subjects,) of the main metric.

    Raises:
        RecordError: A record's cases contradict each other.
    """
    return frame_of(cells_of((record, record_scores(record)) for record in records))


def cell_row(record: RunRecord) -> dict[str, object]:
    """The row of one record."""
    columns = _columns(cells_of([(record, record_scores(record))]))
    return {name: column[0] for name, column in columns.items()}


def frame_of(cells: Cells) -> pd.DataFrame:
    """One row per cell, as `cell_frame`."""
    return pd.DataFrame(_columns(cells)) if len(cells) else pd.DataFrame()


def _columns(cells: Cells) -> dict[str, npt.NDArray[np.object_] | list[int] | list[float]]:
    found: dict[str, npt.NDArray[np.object_] | list[int] | list[float]] = {}
    for name in TEXTS:
        known = cells.texts[name].known
        values = np.empty(len(known), dtype=object)
        values[:] = list(map(subjects_of, known)) if name == "subjects" else known
        found[name] = values[cells.texts[name].codes]
    for name in COUNTS:
        found[name] = cells.counts[name].tolist()
    for name, amounts in cells.amounts.items():
        if name in ABSENT:
            found[name] = np.where(np.isnan(amounts), None, amounts.astype(object))  # type: ignore[call-overload]
        else:
            found[name] = amounts.tolist()
    scores = np.empty(len(cells), dtype=object)
    scores[:] = np.split(cells.scores, np.cumsum(cells.lengths)[:-1])
    found["scores"] = scores
    return found
