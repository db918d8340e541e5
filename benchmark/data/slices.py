"""Slices of volumes, and the letterbox that brings each into a square and back.

A 2-D slice keeps its physical aspect where the spacing is known; the rest of the square is zero.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmark.data.cases import LoadedCase
from benchmark.errors import DataError

Axis = Literal["sagittal", "coronal", "axial"]
Fit = Literal["letterbox", "squash"]
AXES: dict[str, int] = {"sagittal": 0, "coronal": 1, "axial": 2}


def to_slices(array: npt.NDArray[np.generic], axis: Axis | None) -> list[npt.NDArray[np.generic]]:
    """Slices of a volume, turned so that rows run downwards; a picture is its own slice."""
    if axis is None:
        return [array]
    return [np.rot90(plane) for plane in np.moveaxis(array, AXES[axis], 0)]


def check_axis(loaded: LoadedCase, axis: Axis | None, case: str) -> None:
    """Refuse an axis for a picture, and none or another for a volume (of one slice).

    Raises:
        DataError: Naming the case and the key of the target task.
    """
    if loaded.is_volume and axis is None:
        raise DataError(f"case {case!r} is a volume; give the target task a slice_axis")
    if axis is not None and not loaded.is_volume:
        raise DataError(f"case {case!r} is a picture; the target task's slice_axis must be null")
    for other, number in AXES.items() if axis is not None else ():
        if other != axis and loaded.mask.shape[number] == 1:
            raise DataError(
                f"case {case!r} is one {other} slice, but the target task's slice_axis is {axis}, "
                f"of which it has only lines; set slice_axis: {other}"
            )


def from_slices(planes: npt.NDArray[np.generic], axis: Axis | None) -> npt.NDArray[np.generic]:
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
    shape: tuple[int, ...], spacing: tuple[float, float], size: int, fit: Fit = "letterbox"
) -> tuple[int, int]:
    """Rows and columns that a slice takes in the square: its physical aspect kept, or all."""
    if fit == "squash":
        return (size, size)
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
