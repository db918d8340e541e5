"""Records as one table: a row a cell, with its scores by subject."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.leaderboard.record_columns import STATE, RecordColumns, record_columns, subjects_of
from benchmark.records.record import RunRecord
from benchmark.records.store import Loaded
from benchmark.records.trust import LEVELS, TrustLevel
from benchmark.records.validate import record_scores

Column = npt.NDArray[np.object_ | np.int64 | np.float64] | list[str] | pd.Series
ENTRY = ["source", "strategy"]
ROW = ["target", "train_subjects", *ENTRY]
ON_PAGES = {"source_title", "coverage", "curve", "software", "started", "step",
            "learning_rate", "validation_dice"}  # fmt: skip
NOT_SHOWN = ON_PAGES.union(STATE)
ABSENT = ("empty_prediction", "energy_joules", "gpu_utilisation_percent",
          "pretraining_items")  # None where there is none  # fmt: skip


def record_frame(records: Iterable[RunRecord]) -> pd.DataFrame:
    """One row per record; `subjects` and `scores` hold arrays (subjects,) of the main metric.

    Raises:
        RecordError: A record's cases contradict each other.
    """
    return frame_of_columns(columns_of_records(records))


def columns_of_records(records: Iterable[RunRecord]) -> RecordColumns:
    """Cells of records that lie in no folder.

    Raises:
        RecordError: A record's cases contradict each other.
    """
    return record_columns(Loaded(record, record_scores(record)) for record in records)


def frame_of_columns(
    cells: RecordColumns, trust: Mapping[str, TrustLevel] | None = None
) -> pd.DataFrame:
    """One row per cell, as `cell_frame`.

    Args:
        cells: Of a folder.
        trust: Of `trust_levels`; the column `trust` says it of each cell.
    """
    return pd.DataFrame(_columns(cells, trust or {})) if len(cells) else pd.DataFrame()


def _columns(cells: RecordColumns, trust: Mapping[str, TrustLevel]) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for name, column in cells.texts.items():
        if name not in ON_PAGES:
            known = map(subjects_of, column.known) if name == "subjects" else column.known
            values = np.empty(len(column.known), dtype=object)
            values[:] = list(known)
            found[name] = pd.Series(values[column.codes], dtype=object)
    found["trust"] = [trust.get(path, LEVELS[0]) for path in cells.texts["path"].listed()]
    for name, counts in cells.counts.items():
        if name not in NOT_SHOWN:
            found[name] = counts
    for name, amounts in cells.amounts.items():
        if name in ABSENT:
            found[name] = np.where(np.isnan(amounts), None, amounts.astype(object))  # type: ignore[call-overload]
        elif name not in ON_PAGES:
            found[name] = amounts
    scores = np.empty(len(cells), dtype=object)
    ends = np.cumsum(cells.lengths).tolist()
    scores[:] = [cells.scores[start:end] for start, end in pairwise([0, *ends])]
    found["scores"] = scores
    return found
