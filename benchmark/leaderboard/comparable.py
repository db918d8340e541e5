"""Whether the records of a board can be compared with each other.

A pretraining of the suite ends at other weights on another kind of processor, as rounding differs.
What is compared are the entries of a setting, so only the seeds of an entry need the same weights;
where a source has several, the tables say so.
"""

import numpy as np
import numpy.typing as npt

from benchmark.errors import RecordError
from benchmark.leaderboard.bulk.record_columns import RecordColumns
from benchmark.records.validate import OTHER_PROTOCOL

TARGET, SOURCE = ("target",), ("source",)
SEEDS_OF_AN_ENTRY = ("target", "lane", "train_subjects", "source", "strategy")
SAME = (  # for all records with the same in the first columns, the second is the same
    (TARGET, "main_metric", "main metrics"),
    (TARGET, "data", "data"),
    (TARGET, "splits", "splits"),
    (TARGET, "target_card", "target cards"),
    (SOURCE, "source_card", "source cards"),
    (SEEDS_OF_AN_ENTRY, "weights", "weights"),
)


def check_comparable(records: RecordColumns) -> None:
    """Check that all records are of different cells, and those compared of the same conditions.

    Records made under another protocol are compared with none; they need only the main metric of
    their target.

    Raises:
        RecordError: Two records are of one cell, or those of one target or source differ.
    """
    paths = records.texts["path"]
    _, first = np.unique(paths.codes, return_index=True)
    if len(first) < len(records):
        twice = np.setdiff1d(np.arange(len(records)), first)[0]
        raise RecordError(
            f"{paths.values[paths.codes[twice]]}: two records of one cell; delete one"
        )
    every = np.arange(len(records))
    compared = np.flatnonzero(records.texts["unranked"].array() != OTHER_PROTOCOL)
    for same, column, title in SAME:
        rows = every if column == "main_metric" else compared
        keys = [_codes(records, name)[rows] for name in same]
        _, first, group = np.unique(
            np.ravel_multi_index(keys, [int(key.max(initial=0)) + 1 for key in keys]),
            return_index=True, return_inverse=True,
        )  # fmt: skip
        codes = records.texts[column].codes[rows]
        different = np.flatnonzero(codes != codes[first[group]])
        if len(different):
            row = different[0]
            a, b = (paths.values[paths.codes[rows[k]]] for k in (row, first[group[row]]))
            raise RecordError(
                f"{a} and {b} were made from different {title}; they cannot be compared, run one "
                "of them again"
            )


def _codes(records: RecordColumns, name: str) -> npt.NDArray[np.int64]:
    """A column as whole numbers from 0 on, equal where its values are."""
    if name in records.texts:
        return records.texts[name].codes.astype(np.int64)
    return np.unique(records.numbers[name], return_inverse=True)[1].astype(np.int64)
