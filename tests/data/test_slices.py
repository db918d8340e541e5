"""Slices of volumes, and the letterbox with its inverse."""

from typing import get_args

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from benchmark.data.cases import LoadedCase
from benchmark.data.slices import (
    Axis,
    check_axis,
    fitted_shape,
    from_slices,
    letterbox_image,
    letterbox_mask,
    offsets,
    plane_spacing,
    to_slices,
)
from benchmark.errors import DataError


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([32, 64, 128]))
def test_the_fitted_slice_touches_the_square(rows: int, columns: int, size: int) -> None:
    fitted = fitted_shape((rows, columns), (1.0, 1.0), size)
    assert max(fitted) == size and min(fitted) >= 1
    top, left = offsets(fitted, size)
    assert top + fitted[0] <= size and left + fitted[1] <= size


def test_physical_aspect_is_kept() -> None:
    assert fitted_shape((50, 100), (2.0, 1.0), 64) == (64, 64)
    assert fitted_shape((50, 100), (1.0, 1.0), 64) == (32, 64)


@pytest.mark.parametrize("axis", ["sagittal", "coronal", "axial"])
def test_from_slices_is_the_inverse_of_to_slices(axis: str) -> None:
    volume = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    planes = np.stack(to_slices(volume, axis))  # type: ignore[arg-type]
    assert np.array_equal(from_slices(planes, axis), volume)  # type: ignore[arg-type]
    loaded = LoadedCase(
        image=volume.astype(np.float32), mask=volume.astype(np.uint8), spacing_mm=(4.0, 5.0, 6.0)
    )
    rows, columns = plane_spacing(loaded, axis)  # type: ignore[arg-type]
    assert (planes.shape[1] + 0.0, planes.shape[2] + 0.0) == (rows, columns)


def test_a_volume_needs_an_axis_and_a_picture_none() -> None:
    def loaded(*image: int, mask: tuple[int, ...]) -> LoadedCase:
        return LoadedCase(
            image=np.zeros(image, np.float32), mask=np.zeros(mask, np.uint8), spacing_mm=None
        )

    for slices in (3, 6):  # three slices are no colours
        with pytest.raises(DataError, match="'a' is a volume; give the target task a slice_axis"):
            check_axis(loaded(4, 5, slices, mask=(4, 5, slices)), None, "a")
    with pytest.raises(DataError, match="picture"):
        check_axis(loaded(4, 5, 3, mask=(4, 5)), "axial", "a")
    check_axis(loaded(4, 5, 3, mask=(4, 5)), None, "a")
    for number, axis in enumerate(get_args(Axis)):
        shape = [4, 5, 6]
        shape[number] = 1
        one_slice = loaded(*shape, mask=tuple(shape))
        check_axis(one_slice, axis, "a")
        for other in {*get_args(Axis)} - {axis}:
            with pytest.raises(DataError, match=f"'a' is one {axis} slice, .* {other}, of which"):
                check_axis(one_slice, other, "a")


def test_a_mask_survives_the_letterbox_and_its_inverse() -> None:
    mask = np.zeros((90, 140), np.uint8)
    mask[20:70, 30:110] = 1
    fitted = fitted_shape(mask.shape, (1.0, 1.0), 128)
    small = letterbox_mask(mask, fitted, 128)
    top, left = offsets(fitted, 128)
    inside = torch.from_numpy(small)[top : top + fitted[0], left : left + fitted[1]]
    back = F.interpolate(inside[None, None].float(), size=mask.shape, mode="bilinear")[0, 0] > 0.5
    overlap = 2 * (back.numpy() & (mask > 0)).sum() / (back.numpy().sum() + mask.sum())
    assert overlap > 0.98


def test_the_letterbox_keeps_the_mean_of_the_image() -> None:
    rng = np.random.default_rng(0)
    plane = rng.random((100, 100)).astype(np.float32)
    small = letterbox_image(plane, (50, 50), 64)
    assert small.shape == (1, 64, 64)
    assert abs(small[0, 7:57, 7:57].mean() - plane.mean()) < 0.01
    assert small[0, :7].max() == 0


def test_squash_fills_the_square() -> None:
    assert fitted_shape((540, 800), (1, 1), 128, "squash") == (128, 128)
    assert fitted_shape((540, 800), (1, 1), 128) == (86, 128)
