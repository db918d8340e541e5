"""From the cases of a data set to arrays ready for training, prepared once and memory-mapped.

Every 2-D slice is letterboxed to a square: its physical aspect is kept where the spacing is
known, the rest is zero. How each slice was fitted is recorded, so that predictions can be
brought back to the native grid for scoring.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmark.cards.card import fingerprint
from benchmark.cards.dataset import DatasetCard
from benchmark.cards.task import Intensity
from benchmark.data.cases import Case, LoadedCase
from benchmark.data.layouts import load_case
from benchmark.errors import DataError

VERSION = 1
IGNORE = 255
Axis = Literal["sagittal", "coronal", "axial"]
AXES: dict[str, int] = {"sagittal": 0, "coronal": 1, "axial": 2}


@dataclass(frozen=True)
class Preprocessing:
    """What is done to a case before a network sees it; part of the key of prepared arrays."""

    labels: tuple[tuple[str, tuple[str, ...]], ...]
    intensity: Intensity
    slice_axis: Axis | None
    input_size: int


@dataclass(frozen=True)
class PreparedCase:
    """Where a case's slices are, and the native shape (rows, columns) of each."""

    case: str
    subject: str
    first: int
    slices: int
    native: tuple[int, int]
    fitted: tuple[int, int]


@dataclass(frozen=True)
class Prepared:
    """Arrays of a data set: `images` (N, C, S, S) float16 in [0, 1], `masks` (N, S, S) uint8.

    Mask values are 0 for background, 1 ... L for the labels in order, 255 for ignored pixels.
    """

    images: npt.NDArray[np.float16]
    masks: npt.NDArray[np.uint8]
    cases: tuple[PreparedCase, ...]

    def rows(self, names: Sequence[str]) -> npt.NDArray[np.int64]:
        """Indices of all slices of the named cases, in order."""
        wanted = set(names)
        spans = [np.arange(c.first, c.first + c.slices) for c in self.cases if c.case in wanted]
        return np.concatenate(spans) if spans else np.zeros(0, np.int64)


def prepare(
    card: DatasetCard,
    cases: Sequence[Case],
    data_fingerprint: str,
    how: Preprocessing,
    home: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    """Prepare all cases, or map what was prepared before.

    Raises:
        DataError: A case cannot be read, or the disk refuses.
    """
    key = fingerprint(
        [VERSION, data_fingerprint, how.labels, how.intensity.model_dump(), how.slice_axis,
         how.input_size, [case.case for case in cases]]
    )  # fmt: skip
    folder = home / "prepared" / f"{card.id}-{key[7:23]}"
    if not folder.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _write(folder, card, cases, how, progress)
        except OSError as error:
            raise DataError(f"{folder}: cannot be written ({error.strerror})") from None
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    known = tuple(
        PreparedCase(**{**c, "native": tuple(c["native"]), "fitted": tuple(c["fitted"])})
        for c in index
    )
    return Prepared(
        np.load(folder / "images.npy", mmap_mode="r"),
        np.load(folder / "masks.npy", mmap_mode="r"),
        known,
    )


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
        index, total, channels = [], 0, 1
        with (scratch / "i.raw").open("wb") as images, (scratch / "m.raw").open("wb") as masks:
            for number, case in enumerate(cases):
                loaded = load_case(card, case)
                grey = scale_intensity(loaded.image, how.intensity)
                planes = cut(grey, how.slice_axis, case.case)
                labels = cut(merge_labels(loaded.mask, card, how), how.slice_axis, case.case)
                spacing = plane_spacing(loaded, how.slice_axis)
                fitted = fitted_shape(labels[0].shape, spacing, how.input_size)
                for plane, label in zip(planes, labels, strict=True):
                    small = letterbox_image(plane, fitted, how.input_size)
                    images.write(small.astype(np.float16).tobytes())
                    masks.write(letterbox_mask(label, fitted, how.input_size).tobytes())
                    channels = small.shape[0]
                native = (labels[0].shape[0], labels[0].shape[1])
                index.append(
                    PreparedCase(case.case, case.subject, total, len(planes), native, fitted)
                )
                total += len(planes)
                progress(number + 1, len(cases))
        size = how.input_size
        _as_npy(scratch / "i.raw", scratch / "images.npy", (total, channels, size, size), "<f2")
        _as_npy(scratch / "m.raw", scratch / "masks.npy", (total, size, size), "|u1")
        text = json.dumps([asdict(entry) for entry in index])
        (scratch / "index.json").write_text(text, encoding="utf-8")
        try:
            scratch.rename(folder)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _as_npy(raw: Path, npy: Path, shape: tuple[int, ...], descr: str) -> None:
    with npy.open("wb") as file, raw.open("rb") as data:
        header = {"descr": descr, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(file, header)
        shutil.copyfileobj(data, file)
    raw.unlink()


def scale_intensity(image: npt.NDArray[np.float32], how: Intensity) -> npt.NDArray[np.float32]:
    """Grey values to [0, 1]; percentiles are of the non-zero values of the whole case."""
    low, high = how.low, how.high
    if how.kind == "percentile":
        inside = image[image != 0]
        if inside.size:
            low, high = (float(v) for v in np.percentile(inside, [how.low, how.high]))
    scaled = (image - low) / max(high - low, 1e-6)
    grey: npt.NDArray[np.float32] = np.clip(scaled, 0, 1).astype(np.float32)
    return grey


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


def cut(
    array: npt.NDArray[np.generic], axis: Axis | None, case: str
) -> list[npt.NDArray[np.generic]]:
    """Slices of a volume, turned so that rows run downwards; a picture is its own slice."""
    if axis is None:
        if array.ndim == 3 and array.shape[-1] != 3:
            raise DataError(f"case {case!r} is a volume; give the target task a slice_axis")
        return [array]
    if array.ndim != 3:
        raise DataError(f"case {case!r} is a picture; the target task's slice_axis must be null")
    return [np.rot90(plane) for plane in np.moveaxis(array, AXES[axis], 0)]


def uncut(planes: npt.NDArray[np.generic], axis: Axis | None) -> npt.NDArray[np.generic]:
    """Stack slices (N, rows, columns) back into the native array; the inverse of `cut`."""
    if axis is None:
        first: npt.NDArray[np.generic] = planes[0]
        return first
    return np.moveaxis(np.rot90(planes, k=-1, axes=(1, 2)), 0, AXES[axis])


def plane_spacing(loaded: LoadedCase, axis: Axis | None) -> tuple[float, float]:
    """Spacing of a slice's rows and columns; (1, 1) where it is unknown."""
    if loaded.spacing_mm is None:
        return (1.0, 1.0)
    if axis is None:
        return (loaded.spacing_mm[0], loaded.spacing_mm[1])
    first, second = (s for k, s in enumerate(loaded.spacing_mm) if k != AXES[axis])
    return (second, first)


def fitted_shape(
    shape: tuple[int, ...], spacing: tuple[float, float], size: int
) -> tuple[int, int]:
    """Rows and columns that a slice takes in the square, its physical aspect kept."""
    extent = (shape[0] * spacing[0], shape[1] * spacing[1])
    scale = size / max(extent)
    return (max(1, round(extent[0] * scale)), max(1, round(extent[1] * scale)))


def offsets(fitted: tuple[int, int], size: int) -> tuple[int, int]:
    """Top and left margin of the fitted slice in the square."""
    return ((size - fitted[0]) // 2, (size - fitted[1]) // 2)


def letterbox_image(
    plane: npt.NDArray[np.generic], fitted: tuple[int, int], size: int
) -> npt.NDArray[np.float32]:
    """Resize a slice (antialiased, bilinear) into the square; returns (channels, S, S)."""
    planes = [plane] if plane.ndim == 2 else [plane[..., k] for k in range(plane.shape[-1])]
    top, left = offsets(fitted, size)
    square = np.zeros((len(planes), size, size), np.float32)
    for number, channel in enumerate(planes):
        picture = Image.fromarray(np.ascontiguousarray(channel, dtype=np.float32))
        small = picture.resize((fitted[1], fitted[0]), Image.Resampling.BILINEAR)
        square[number, top : top + fitted[0], left : left + fitted[1]] = np.asarray(small)
    return square


def letterbox_mask(
    mask: npt.NDArray[np.generic], fitted: tuple[int, int], size: int
) -> npt.NDArray[np.uint8]:
    """Resize a mask (nearest neighbour) into the square."""
    top, left = offsets(fitted, size)
    picture = Image.fromarray(np.ascontiguousarray(mask, dtype=np.uint8))
    square = np.zeros((size, size), np.uint8)
    square[top : top + fitted[0], left : left + fitted[1]] = np.asarray(
        picture.resize((fitted[1], fitted[0]), Image.Resampling.NEAREST)
    )
    return square
