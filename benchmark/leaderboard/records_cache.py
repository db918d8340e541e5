"""What was read of a folder of records, kept for the next time in the user's own folder.

A row is used again only while its file has the same size, times and inode, the board's card is
the same, and the code that made the row is. The files hold numbers and JSON, never code; one that
is damaged is as good as none. Each board folder has a file of its own, so that records of one
can never be taken for those of another.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import scipy

import benchmark
from benchmark.files import replacing
from benchmark.leaderboard.record_columns import (
    AMOUNTS,
    COUNTS,
    TEXTS,
    CategoricalColumn,
    RecordColumns,
)

Arrays = Mapping[str, npt.NDArray[Any]]
MADE_BY = (
    "errors.py",
    "files.py",
    "workers.py",
    "cards",
    "records",
    "scoring",
    "statistics",
    "leaderboard",
)


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """SHA-256 of the modules and of the versions of numpy and scipy that numbers depend on."""
    found = hashlib.sha256(f"{np.__version__} {scipy.__version__}".encode())
    top = Path(benchmark.__file__).parent
    for name in MADE_BY:
        for path in sorted((top / name).glob("*.py")) or [top / name]:
            found.update(path.read_bytes())
    return found.hexdigest()


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays atomically; where that is not possible, nothing is kept."""
    with suppress(OSError), replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays, names=text_array(sorted(arrays)))


def load_arrays(path: Path) -> dict[str, npt.NDArray[Any]] | None:
    """Arrays as they were saved; None if there are none or they are damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
        return found if array_text(found.pop("names")) == sorted(found) else None
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, BadZipFile):
        return None


def text_array(value: object) -> npt.NDArray[np.uint8]:
    """Plain data as the bytes of its JSON."""
    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


def array_text(array: npt.NDArray[Any]) -> Any:
    """The plain data of `text_array`.

    Raises:
        ValueError: It is none.
    """
    return json.loads(array.astype(np.uint8).tobytes())


def save_columns(path: Path, cells: RecordColumns, conditions: str) -> None:
    """Keep cells for the same conditions."""
    texts = {name: column.known for name, column in cells.texts.items()}
    facts = {"conditions": conditions, "texts": texts, "amounts": [*cells.amounts]}
    save_arrays(path, {
        "facts": text_array(facts),
        "codes": np.stack([cells.texts[name].codes for name in TEXTS]),
        "counts": np.stack([cells.counts[name] for name in COUNTS]),
        "amounts": np.stack(list(cells.amounts.values())),
        "scores": cells.scores,
        "lengths": cells.lengths,
    })  # fmt: skip


def load_columns(path: Path, conditions: str) -> RecordColumns | None:
    """Cells kept under the same conditions, if any."""
    found = load_arrays(path)
    try:
        return None if found is None else _unpack(found, conditions)
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _unpack(found: Arrays, conditions: str) -> RecordColumns | None:
    facts = array_text(found["facts"])
    if facts["conditions"] != conditions:
        return None
    lengths = found["lengths"].astype(np.int64)
    count = len(lengths)
    texts = {
        name: CategoricalColumn(tuple(map(str, facts["texts"][name])), codes.astype(np.int64))
        for name, codes in zip(TEXTS, found["codes"], strict=True)
    }
    cells = RecordColumns(
        texts,
        dict(zip(COUNTS, found["counts"].astype(np.int64), strict=True)),
        dict(zip(facts["amounts"], found["amounts"].astype(np.float64), strict=True)),
        found["scores"].astype(np.float64),
        lengths,
    )
    columns: list[npt.NDArray[Any]] = [one.codes for one in texts.values()]
    columns += [*cells.counts.values(), *cells.amounts.values()]
    whole = (
        all(column.shape == (count,) for column in columns)
        and all(
            not count or 0 <= one.codes.min() <= one.codes.max() < len(one.known)
            for one in texts.values()
        )
        and cells.scores.shape == (lengths.sum(),)
        and set(AMOUNTS) <= set(cells.amounts)
    )
    return cells if whole else None
