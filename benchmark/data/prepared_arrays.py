"""Prepared arrays: all slices of a data set on disk, written once and memory-mapped."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from benchmark.cards.card import fingerprint
from benchmark.cards.dataset import DatasetCard
from benchmark.data.cases import Case
from benchmark.data.preprocessing import Preprocessing, preprocess_case
from benchmark.errors import DataError
from benchmark.workers import Progress, in_order, no_progress

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
    """What lies next to the arrays, as JSON."""

    fingerprint: str
    cases: tuple[PreparedCase, ...]


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
    if not folder.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _write(folder, card, cases, how, progress)
        except OSError as error:
            raise DataError(f"{folder}: cannot be written ({error.strerror})") from None
    index = msgspec.json.decode((folder / "index.json").read_bytes(), type=PreparedIndex)
    images, masks = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("images", "masks"))
    return PreparedDataset(images, masks, index.cases, index.fingerprint)


def _write(
    folder: Path, card: DatasetCard, cases: list[Case], how: Preprocessing, progress: Progress
) -> None:
    """Append case after case to the arrays, then give the finished folder its name."""
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix="."))
    square = (how.input_size, how.input_size)
    index: list[PreparedCase] = []
    digest, total = hashlib.sha256(), 0
    try:
        images = _GrowingArray(scratch / "images.npy", (card.channels, *square), "<f2")
        masks = _GrowingArray(scratch / "masks.npy", square, "|u1")
        with closing(images), closing(masks):
            ready = in_order(lambda case: preprocess_case(card, case, how), cases)
            for case, arrays in zip(cases, ready, strict=True):
                images.append(arrays.images)
                masks.append(arrays.masks)
                digest.update(arrays.digest)
                slices = len(arrays.images)
                index.append(PreparedCase(case.case, case.subject, total, slices, *arrays[2:]))
                total += slices
                progress(f"preparing {card.id}", len(index), len(cases))
        facts = PreparedIndex("sha256:" + digest.hexdigest(), tuple(index))
        (scratch / "index.json").write_bytes(msgspec.json.encode(facts))
        try:
            scratch.rename(folder)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _GrowingArray:
    """An .npy file whose first axis grows; its header, which has room for it, is written twice."""

    def __init__(self, path: Path, shape: tuple[int, ...], descr: str) -> None:
        self.file, self.count, self.shape, self.descr = path.open("wb"), 0, shape, descr
        self._write_header()

    def append(self, array: npt.NDArray[np.generic]) -> None:
        self.file.write(np.ascontiguousarray(array).data)
        self.count += len(array)

    def close(self) -> None:
        self.file.seek(0)
        self._write_header()
        self.file.close()

    def _write_header(self) -> None:
        shape = (self.count, *self.shape)
        header = {"descr": self.descr, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(self.file, header)
