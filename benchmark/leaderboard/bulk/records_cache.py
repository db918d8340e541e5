"""The columns of a folder of records, kept in the user's cache folder.

A record is used again only while its file has the same size, times and inode, the board's card is
the same, and the code that read it is. Each folder has a file of its own, so that records of one
are never taken for those of another.
"""

from pathlib import Path

import numpy as np

from benchmark.leaderboard.bulk import array_files
from benchmark.leaderboard.bulk.array_files import Arrays
from benchmark.leaderboard.bulk.record_columns import Numbers, RecordColumns, TextColumn
from benchmark.leaderboard.columns import RECORD_COLUMNS

NAMES = {column.name for column in RECORD_COLUMNS}


def save_columns(path: Path, records: RecordColumns, conditions: str) -> None:
    """Keep columns for the same conditions."""
    whole = [name for name, column in records.numbers.items() if column.dtype == np.int64]
    others = [name for name in records.numbers if name not in whole]
    content = {
        "conditions": conditions,
        "texts": {name: column.values for name, column in records.texts.items()},
        "whole": whole,
        "others": others,
    }
    array_files.save_arrays(path, {
        "content": array_files.json_array(content),
        "codes": np.stack([column.codes for column in records.texts.values()]),
        "whole": np.stack([records.numbers[name] for name in whole]),
        "others": np.stack([records.numbers[name] for name in others]),
        "scores": records.scores,
        "lengths": records.lengths,
    })  # fmt: skip


def load_columns(path: Path, conditions: str) -> RecordColumns | None:
    """Columns kept under the same conditions, if any; those that are inconsistent are ignored."""
    arrays = array_files.load_arrays(path)
    try:
        return None if arrays is None else _unpack(arrays, conditions)
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _unpack(arrays: Arrays, conditions: str) -> RecordColumns | None:
    content = array_files.array_json(arrays["content"])
    if content["conditions"] != conditions:
        return None
    lengths = arrays["lengths"].astype(np.int64)
    texts = {
        name: TextColumn(tuple(map(str, values)), codes.astype(np.int64))
        for (name, values), codes in zip(content["texts"].items(), arrays["codes"], strict=True)
    }
    others = zip(content["others"], arrays["others"].astype(np.float64), strict=True)
    whole = zip(content["whole"], arrays["whole"].astype(np.int64), strict=True)
    numbers: dict[str, Numbers] = {**dict(others), **dict(whole)}
    columns = [*(column.codes for column in texts.values()), *numbers.values()]
    consistent = (
        all(column.shape == lengths.shape for column in columns)
        and all(
            not len(lengths) or 0 <= column.codes.min() <= column.codes.max() < len(column.values)
            for column in texts.values()
        )
        and arrays["scores"].shape == (lengths.sum(),)
        and NAMES <= texts.keys() | numbers.keys()
    )
    scores = arrays["scores"].astype(np.float64)
    return RecordColumns(texts, numbers, scores, lengths) if consistent else None
