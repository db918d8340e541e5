"""Hashes of the label maps that a cell predicted, and on demand the maps, beside its record.

A board's folder keeps them below `predictions/`, at the path that the record has below `records/`.
Maps are read without trust: no pickle, and never more bytes than the expected shape has.
"""

import hashlib
import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from benchmark.errors import RecordError
from benchmark.files import not_written, replacing, write_text
from benchmark.reading import reading
from benchmark.records.cell import Facts
from benchmark.records.record_files import read_strictly

Labels = npt.NDArray[np.uint8]
Keep = Callable[[str, Labels], None]
MAX_PIXELS = 2**29  # of one label map
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PredictionHashes(Facts):
    """What a cell predicted: per test case the SHA-256 of its label map, in the order scored.

    `key` is the record's; `processor` is the model of the CPU, which a record does not hold.
    """

    schema_version: Literal[1] = 1
    key: str
    processor: str
    cases: dict[str, Sha256]


def prediction_sha256(labels: Labels) -> str:
    """SHA-256 of shape and labels of a map in native geometry, in hexadecimal."""
    digest = hashlib.sha256(f"{labels.shape}|".encode())
    digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()


@contextmanager
def prediction_log(path: Path | None, key: str, processor: str, maps: bool) -> Iterator[Keep]:
    """Gives what is to be called with every case and its label map; then the files are written.

    Args:
        path: Of the JSON file; None keeps nothing. The maps lie beside it as .npz.
        key: Of the record.
        processor: Model of the CPU.
        maps: Whether to keep the maps besides their hashes.

    Raises:
        RecordError: The disk refused.
    """
    sha256_of: dict[str, str] = {}
    if path is None:
        yield lambda case, labels: None
        return
    packed = path.with_suffix(".npz")
    try:
        with ExitStack() as stack:
            archive: zipfile.ZipFile | None = None
            if maps:
                part = stack.enter_context(replacing(packed))
                archive = stack.enter_context(zipfile.ZipFile(part, "w"))

            def keep(case: str, labels: Labels) -> None:
                """Hash the label map of a case, and keep it if asked."""
                if archive is not None:
                    member = zipfile.ZipInfo(f"{len(sha256_of)}.npy")
                    member.compress_type = zipfile.ZIP_DEFLATED
                    with archive.open(member, "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, labels, (1, 0), allow_pickle=False)
                sha256_of[case] = prediction_sha256(labels)

            yield keep
        if not maps:
            packed.unlink(missing_ok=True)
    except OSError as error:
        raise RecordError(not_written(packed, error)) from None
    hashes = PredictionHashes(key=key, processor=processor, cases=sha256_of)
    write_text(path, hashes.model_dump_json(indent=1) + "\n")


def read_hashes(path: Path) -> PredictionHashes:
    """Read one file of hashes strictly.

    Raises:
        RecordError: Not readable, too large, or not what such a file holds.
    """
    return read_strictly(path, PredictionHashes, "run the cell again")


def read_map(path: Path, number: int, shape: tuple[int, ...] | None = None) -> Labels:
    """The label map of one case.

    Args:
        path: The .npz file.
        number: Place of the case in the hashes.
        shape: Of the reference; None takes any shape of a map of at most MAX_PIXELS.

    Raises:
        RecordError: It is not there, is damaged, or is no map of labels in this shape.
    """
    name = f"{number}.npy"
    with reading(path, f"the label map {name}", RecordError, "run the cell again"):
        with zipfile.ZipFile(path) as archive, archive.open(name) as file:
            if np.lib.format.read_magic(file) != (1, 0):
                raise ValueError("another version of .npy")
            stored, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            size = math.prod(stored)
            if stored != (shape or stored) or fortran or dtype != np.uint8:
                raise ValueError(f"{dtype} {stored}, expected uint8 {shape or ''}")
            if not 0 <= size <= MAX_PIXELS:
                raise ValueError(f"{stored} are more than {MAX_PIXELS} pixels")
            data = file.read(size + 1)
            if len(data) != size:
                raise ValueError(f"not {size} pixels")
    return np.frombuffer(data, np.uint8).reshape(stored)
