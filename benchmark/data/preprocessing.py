"""From the cases of a data set to arrays ready for training, prepared once and memory-mapped.

How each slice was fitted into the square is recorded, so that predictions can be brought back
to the native grid for scoring.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.cards.card import fingerprint
from benchmark.cards.dataset import DatasetCard
from benchmark.cards.problem import Intensity
from benchmark.data.cases import Case
from benchmark.data.layouts.registry import load_case
from benchmark.data.slices import (
    Axis,
    Fit,
    fitted_shape,
    letterbox_image,
    letterbox_mask,
    plane_spacing,
    to_slices,
)
from benchmark.errors import DataError
from benchmark.workers import in_order

VERSION = 4
IGNORE = 255


@dataclass(frozen=True)
class Preprocessing:
    """What is done to a case before a network sees it; part of the key of prepared arrays."""

    labels: tuple[tuple[str, tuple[str, ...]], ...]
    intensity: Intensity
    slice_axis: Axis | None
    input_size: int
    fit: Fit = "letterbox"


@dataclass(frozen=True)
class PreparedCase:
    """Where a case's slices are, and the native shape (rows, columns) of each.

    `category` is the number of its class on the card; None where it has none.
    """

    case: str
    subject: str
    first: int
    slices: int
    native: tuple[int, int]
    fitted: tuple[int, int]
    category: int | None = None


@dataclass(frozen=True)
class Prepared:
    """Arrays of a data set: `images` (N, C, S, S) float16 in [0, 1], `masks` (N, S, S) uint8.

    Mask values are 0 for background, 1 ... L for the labels in order, 255 for ignored pixels.
    `fingerprint` is the SHA-256 of the digests of the cases' arrays.
    """

    images: npt.NDArray[np.float16]
    masks: npt.NDArray[np.uint8]
    cases: tuple[PreparedCase, ...]
    fingerprint: str = ""

    def rows(self, names: Sequence[str]) -> npt.NDArray[np.int64]:
        """Indices of all slices of the named cases, in order."""
        wanted = set(names)
        spans = [np.arange(c.first, c.first + c.slices) for c in self.cases if c.case in wanted]
        return np.concatenate(spans) if spans else np.zeros(0, np.int64)


def prepare(
    card: DatasetCard,
    cases: Iterable[Case],
    data_fingerprint: str,
    how: Preprocessing,
    root: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    """Prepare all cases, or map what was prepared before.

    Raises:
        DataError: A case cannot be read, or the disk refuses.
    """
    todo = list(cases)
    key = fingerprint(
        [VERSION, data_fingerprint, how.labels, how.intensity.model_dump(), how.slice_axis,
         how.input_size, how.fit, card.classes, card.channels, [case.case for case in todo]]
    )  # fmt: skip
    folder = root / f"{card.id}-{key[7:23]}"
    if not folder.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _write(folder, card, todo, how, progress)
        except OSError as error:
            raise DataError(f"{folder}: cannot be written ({error.strerror})") from None
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    known = tuple(
        PreparedCase(**{**c, "native": tuple(c["native"]), "fitted": tuple(c["fitted"])})
        for c in index["cases"]
    )
    return Prepared(
        np.load(folder / "images.npy", mmap_mode="r"),
        np.load(folder / "masks.npy", mmap_mode="r"),
        known,
        index["fingerprint"],
    )


class _Slices(NamedTuple):
    """One case, ready to be written."""

    images: npt.NDArray[np.float16]
    masks: npt.NDArray[np.uint8]
    native: tuple[int, int]
    fitted: tuple[int, int]
    category: int | None
    digest: bytes


def _prepare_case(card: DatasetCard, case: Case, how: Preprocessing) -> _Slices:
    loaded = load_case(card, case)
    image = loaded.image if how.slice_axis else with_channels(loaded.image, card.channels)
    planes = to_slices(scale_intensity(image, how.intensity), how.slice_axis, case.case)
    labels = to_slices(merge_labels(loaded.mask, card, how), how.slice_axis, case.case)
    spacing = plane_spacing(loaded, how.slice_axis)
    size = how.input_size
    fitted = fitted_shape(labels[0].shape, spacing, size, how.fit)
    images = np.empty((len(planes), card.channels, size, size), np.float16)
    masks = np.empty((len(planes), size, size), np.uint8)
    for number, (plane, label) in enumerate(zip(planes, labels, strict=True)):
        images[number] = letterbox_image(plane, fitted, size)
        masks[number] = letterbox_mask(label, fitted, size)
    digest = hashlib.sha256(images.data)
    digest.update(masks.data)
    return _Slices(
        images,
        masks,
        (labels[0].shape[0], labels[0].shape[1]),
        fitted,
        _category(card, case, loaded.facts.get("class")),
        digest.digest(),
    )


def _category(card: DatasetCard, case: Case, name: str | None) -> int | None:
    if not card.classes:
        return None
    if name not in card.classes:
        raise DataError(
            f"{card.id}, case {case.case!r}: class is {name!r}; the card knows "
            f"{', '.join(card.classes[:12])}"
        )
    return card.classes.index(name)


def _write(
    folder: Path,
    card: DatasetCard,
    cases: Sequence[Case],
    how: Preprocessing,
    progress: Callable[[int, int], None],
) -> None:
    """Stream case after case into raw files, then give the finished folder its name."""
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix="."))
    try:
        index, total = [], 0
        digest = hashlib.sha256()
        with (
            _Growing(scratch / "images.npy") as images,
            _Growing(scratch / "masks.npy") as masks,
        ):
            ready = in_order(lambda case: _prepare_case(card, case, how), cases)
            for number, (case, part) in enumerate(zip(cases, ready, strict=True), start=1):
                images.append(part.images)
                masks.append(part.masks)
                digest.update(part.digest)
                count = len(part.images)
                index.append(
                    PreparedCase(
                        case.case, case.subject, total, count, part.native, part.fitted,
                        part.category,
                    )
                )  # fmt: skip
                total += count
                progress(number, len(cases))
        facts = {
            "fingerprint": "sha256:" + digest.hexdigest(),
            "cases": [asdict(entry) for entry in index],
        }
        (scratch / "index.json").write_text(json.dumps(facts), encoding="utf-8")
        try:
            scratch.rename(folder)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _Growing:
    """An .npy file whose first axis grows; its header, which has room to grow, is written last."""

    def __init__(self, path: Path) -> None:
        self.path, self.file = path, path.open("w+b")
        self.shape: tuple[int, ...] = (0,)
        self.descr = "|u1"

    def __enter__(self) -> "_Growing":
        return self

    def append(self, array: npt.NDArray[np.generic]) -> None:
        if self.file.tell() == 0:
            self.shape, self.descr = (0, *array.shape[1:]), array.dtype.str
            self._header()
        self.file.write(np.ascontiguousarray(array).data)
        self.shape = (self.shape[0] + len(array), *self.shape[1:])

    def __exit__(self, *_: object) -> None:
        self.file.seek(0)
        self._header()
        self.file.close()

    def _header(self) -> None:
        header = {"descr": self.descr, "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_2_0(self.file, header)


def scale_intensity(image: npt.NDArray[np.float32], how: Intensity) -> npt.NDArray[np.float32]:
    """Grey values to [0, 1]; percentiles are of the non-zero values of the whole case."""
    low, high = how.low, how.high
    if how.kind == "percentile":
        inside = image[image != 0]
        if inside.size:
            low, high = (float(v) for v in np.percentile(inside, [how.low, how.high]))
    grey = np.clip(image, low, max(low, high))  # then in place: volumes are large
    grey -= low
    grey /= max(high - low, 1e-6)
    return grey


def with_channels(image: npt.NDArray[np.float32], channels: int) -> npt.NDArray[np.float32]:
    """A picture as its card says: grey (H, W), by ITU-R 601 luminance, or colour (H, W, 3)."""
    if channels == 1 and image.ndim == 3 and image.shape[2] == 3:
        return image @ np.array([0.299, 0.587, 0.114], np.float32)
    if channels == 3 and image.ndim == 2:
        return np.repeat(image[..., None], 3, axis=2)
    return image


def merge_labels(
    mask: npt.NDArray[np.uint8], card: DatasetCard, how: Preprocessing
) -> npt.NDArray[np.uint8]:
    """Data set label values to the target's 1 ... L; ignored pixels to 255."""
    table = np.zeros(256, np.uint8)
    for number, (_, merged) in enumerate(how.labels, start=1):
        for name in merged:
            table[card.labels[name]] = number
    if card.ignore_value is not None:
        table[card.ignore_value] = IGNORE
    return table[mask]
