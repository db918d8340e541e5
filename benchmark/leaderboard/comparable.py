"""Whether the records of a board can be compared with each other."""

import numpy as np

from benchmark.errors import RecordError
from benchmark.leaderboard.bulk.record_columns import RecordColumns
from benchmark.records.validate import OTHER_PROTOCOL

SAME = (  # for all records with the same first column, the second is the same
    ("target", "main_metric", "main metrics"),
    ("target", "data", "data"),
    ("target", "splits", "splits"),
    ("target", "target_card", "target cards"),
    ("source", "source_card", "source cards"),
    ("source", "weights", "weights"),
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
        _, first, group = np.unique(
            records.texts[same].codes[rows], return_index=True, return_inverse=True
        )
        codes = records.texts[column].codes[rows]
        different = np.flatnonzero(codes != codes[first[group]])
        if len(different):
            row = different[0]
            a, b = (paths.values[paths.codes[rows[k]]] for k in (row, first[group[row]]))
            raise RecordError(
                f"{a} and {b} were made from different {title}; they cannot be compared, run one "
                "of them again"
            )
