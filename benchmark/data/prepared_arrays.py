"""Prepared arrays: all slices of a data set on disk, written once and memory-mapped."""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from filelock import FileLock

from benchmark.cards.card import fingerprint
from benchmark.cards.dataset import DatasetCard
from benchmark.data.cases import Case
from benchmark.data.preprocessing import Preprocessing, arrays_digest, preprocess_case
from benchmark.errors import DataError
from benchmark.files import not_written, printable, sync, temporary_prefix
from benchmark.records.record_content import FileState
from benchmark.workers import Progress, in_order, no_progress

LOG = logging.getLogger("segtransfer")
VERSION = 4


@dataclass(frozen=True)
class PreparedCase:
    """Where a case's slices are, and how they were fitted into the square.

    Attributes:
        case: Its name.
        subject: Its subject.
        first: Index of its first slice.
        slices: How many there are, one after the other.
        native: Rows and columns of a slice in the data set.
        fitted: Rows and columns that a slice takes in the square.
        category: Index of its class on the card; None where the card has no classes.
    """

    case: str
    subject: str
    first: int
    slices: int
    native: tuple[int, int]
    fitted: tuple[int, int]
    category: int | None = None


@dataclass(frozen=True)
class PreparedIndex:
    """What lies next to the arrays, as JSON; the checksum is of the cases."""

    fingerprint: str
    cases: tuple[PreparedCase, ...]
    checksum: str = ""

    def of_cases(self) -> str:
        """SHA-256 of the cases, in hexadecimal."""
        return hashlib.sha256(msgspec.json.encode(self.cases)).hexdigest()


@dataclass(frozen=True)
class PreparedDataset:
    """Arrays of a data set: `images` (N, C, S, S) float16 in [0, 1], `masks` (N, S, S) uint8.

    Mask values are 0 for background, 1 ... L for the labels in order, 255 for ignored pixels.
    `fingerprint` is the SHA-256 of the digests of the cases' arrays.
    """

    images: npt.NDArray[np.float16]
    masks: npt.NDArray[np.uint8]
    cases: tuple[PreparedCase, ...]
    fingerprint: str = ""

    def rows(self, names: Sequence[str]) -> npt.NDArray[np.int64]:
        """Indices of all slices of the named cases, in the order of `cases`; may be none."""
        wanted = set(names)
        spans = [np.arange(c.first, c.first + c.slices) for c in self.cases if c.case in wanted]
        return np.concatenate(spans) if spans else np.zeros(0, np.int64)

    def labels_without(self, names: Sequence[str], labels: int) -> list[int]:
        """Those of the labels 1 ... L that no slice of the named cases has."""
        wanted, absent = set(names), list(range(1, labels + 1))
        for case in self.cases:
            if absent and case.case in wanted:
                masks = self.masks[case.first : case.first + case.slices]
                absent = [label for label in absent if not (masks == label).any()]
        return absent


def prepare(
    card: DatasetCard,
    cases: Iterable[Case],
    data_fingerprint: str,
    how: Preprocessing,
    root: Path,
    progress: Progress = no_progress,
) -> PreparedDataset:
    """Prepare all cases, or map what was prepared before.

    Args:
        card: Of the data set.
        cases: Those to prepare, in order.
        data_fingerprint: Of the data set's files.
        how: The preprocessing.
        root: Folder of all prepared arrays.
        progress: Gets the cases done and in total, unless nothing is to be done.

    Raises:
        DataError: A case cannot be read, or the folder cannot be written.
    """
    cases = list(cases)
    key = fingerprint(
        [VERSION, data_fingerprint, how.labels, how.intensity.model_dump(), how.slice_axis,
         how.input_size, how.fit, card.classes, card.channels, [case.case for case in cases]]
    )  # fmt: skip
    folder = root / f"{card.id}-{key[7:23]}"
    if prepared := _verified(folder):
        return prepared
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{folder.name}.lock"):
            if (prepared := _verified(folder)) is None:
                if folder.exists():
                    LOG.warning("%s: damaged prepared images are made again", printable(folder))
                    shutil.rmtree(folder)
                _write(folder, card, cases, how, progress)
                prepared = _verified(folder)
    except OSError as error:
        raise DataError(not_written(folder, error)) from None
    if prepared is None:
        raise DataError(f"{folder}: what was just written is damaged; is the disk sound?")
    return prepared


def _verified(folder: Path) -> PreparedDataset | None:
    """The arrays, if all is there and undamaged; the same files are verified once in a process."""
    files = [folder / name for name in ("index.json", "images.npy", "masks.npy")]
    try:
        return _map(folder, tuple(FileState.of(path.stat()) for path in files))
    except (OSError, EOFError, ValueError, msgspec.MsgspecError):
        return None


@lru_cache(maxsize=64)
def _map(folder: Path, state: tuple[FileState, ...]) -> PreparedDataset:
    """Map the arrays and verify them.

    Raises:
        OSError: Not everything is there, or it cannot be read.
        EOFError, ValueError: They are not what the index describes.
    """
    index = msgspec.json.decode((folder / "index.json").read_bytes(), type=PreparedIndex)
    images, masks = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("images", "masks"))
    total = sum(case.slices for case in index.cases)
    if (images.dtype, masks.dtype, len(images), len(masks)) != ("<f2", "|u1", total, total):
        raise ValueError("another size or type of numbers")

    def digest(case: PreparedCase) -> bytes:
        """SHA-256 of the slices of a case."""
        rows = slice(case.first, case.first + case.slices)
        return arrays_digest(images[rows], masks[rows])

    whole = hashlib.sha256()
    for case_digest in in_order(digest, index.cases):
        whole.update(case_digest)
    if index.fingerprint != "sha256:" + whole.hexdigest() or index.checksum != index.of_cases():
        raise ValueError("another SHA-256")
    return PreparedDataset(images, masks, index.cases, index.fingerprint)


def _write(
    folder: Path, card: DatasetCard, cases: list[Case], how: Preprocessing, progress: Progress
) -> None:
    """Append case after case to the arrays, then give the finished folder its name."""
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=temporary_prefix()))
    square = (how.input_size, how.input_size)
    index: list[PreparedCase] = []
    digest, total = hashlib.sha256(), 0
    try:
        images = _GrowingArray(scratch / "images.npy", (card.channels, *square), "<f2")
        masks = _GrowingArray(scratch / "masks.npy", square, "|u1")
        with closing(images), closing(masks):
            ready = in_order(lambda case: preprocess_case(card, case, how), cases)
            for case, arrays in zip(cases, ready, strict=True):
                if not np.isfinite(arrays.images).all():
                    raise DataError(f"{card.id}, case {case.case!r}: has pixels that are no number")
                images.append(arrays.images)
                masks.append(arrays.masks)
                digest.update(arrays.digest)
                slices = len(arrays.images)
                index.append(PreparedCase(case.case, case.subject, total, slices, *arrays[2:]))
                total += slices
                progress(f"preparing {card.id}", len(index), len(cases))
        facts = PreparedIndex("sha256:" + digest.hexdigest(), tuple(index))
        facts = replace(facts, checksum=facts.of_cases())
        (scratch / "index.json").write_bytes(msgspec.json.encode(facts))
        for path in scratch.iterdir():
            sync(path)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _GrowingArray:
    """An .npy file whose first axis grows; its header, which has room for it, is written twice."""

    def __init__(self, path: Path, shape: tuple[int, ...], descr: str) -> None:
        self.file, self.count, self.shape, self.descr = path.open("wb"), 0, shape, descr
        self._write_header()

    def append(self, array: npt.NDArray[np.generic]) -> None:
        """Add rows, of the shape and type that the file was opened with."""
        self.file.write(np.ascontiguousarray(array).data)
        self.count += len(array)

    def close(self) -> None:
        """Write the header with the final number of rows."""
        self.file.seek(0)
        self._write_header()
        self.file.close()

    def _write_header(self) -> None:
        shape = (self.count, *self.shape)
        header = {"descr": self.descr, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(self.file, header)
