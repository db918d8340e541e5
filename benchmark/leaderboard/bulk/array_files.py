"""Arrays in the user's cache folder. A file holds numbers and JSON, never code.

A damaged file counts as missing.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import scipy

import benchmark
from benchmark.files import temporary_prefix

Arrays = Mapping[str, npt.NDArray[Any]]
CODE = ("errors.py", "files.py", "owners.py", "processes.py", "reading.py", "workers.py", "cards",
        "records", "scoring", "statistics",
        "leaderboard")  # what cached numbers depend on  # fmt: skip


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """SHA-256 of the modules and of the versions of numpy and scipy that numbers depend on."""
    digest = hashlib.sha256(f"{np.__version__} {scipy.__version__}".encode())
    package = Path(benchmark.__file__).parent
    for name in CODE:
        for path in sorted((package / name).rglob("*.py")) or [package / name]:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays atomically; where that is not possible, nothing is kept."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=temporary_prefix())
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays, names=json_array(sorted(arrays)))  # type: ignore[arg-type]
        os.replace(temporary, path)
    except OSError:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def load_arrays(path: Path) -> dict[str, npt.NDArray[Any]] | None:
    """Arrays as they were saved; None if the file is missing or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return arrays if array_json(arrays.pop("names")) == sorted(arrays) else None
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, BadZipFile):
        return None


def json_array(value: object) -> npt.NDArray[np.uint8]:
    """Plain data as the bytes of its JSON."""
    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


def array_json(array: npt.NDArray[Any]) -> Any:
    """The plain data of `json_array`.

    Raises:
        ValueError: The array holds no JSON.
    """
    return json.loads(array.astype(np.uint8).tobytes())
