"""Reading NIfTI and Analyze volumes; every fault is one line."""

import logging
import math
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from benchmark.errors import DataError
from benchmark.reading import reading

nib.imageglobals.logger.setLevel(logging.CRITICAL)  # it prints what it repairs in headers
UNITS_MM = {"unknown": 1.0, "mm": 1.0, "meter": 1000.0, "micron": 0.001}
SMALLEST_MM, LARGEST_MM = 1e-4, 200.0
SIZE_TOLERANCE = 0.01  # relative; headers round
MAX_UNPACKED = 1100  # gzip packs 1032 bytes into one
HEADER_SIZES = (348, 540)  # the first number of NIfTI 1 and 2


def read_volume(
    path: Path, channel: int | None = None
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """A volume in RAS+ orientation.

    Args:
        path: NIfTI, or the `.img` of an Analyze pair. Trailing axes of length 1 are dropped; an
            image of two axes is one slice.
        channel: Which one of a fourth axis is taken; None where there is no such axis.

    Returns:
        Voxel values (X, Y, Z), and the affine (4, 4) from voxel indices to millimetres.

    Raises:
        DataError: Missing, damaged, not three-dimensional, with values that are not finite, or
            with a header that contradicts itself about size or direction of the voxels, or whose
            axes are not perpendicular.
    """
    _check_ending(path)
    with reading(path, "a NIfTI file", DataError):
        stored: Any = nib.load(path)
        shape, kind = stored.shape, stored.get_data_dtype()
        if kind.names or kind.kind == "c":
            kind_name = "colour" if kind.names else str(kind)
            raise DataError(f"{path}: holds {kind_name} voxels; expected one real number per voxel")
        _check_size(path, math.prod(shape) * kind.itemsize)
        to_mm = _check_header(path, stored)
        if len(shape) == 2:
            stored = nib.Nifti1Image(np.asarray(stored.dataobj)[..., None], stored.affine)
        image = nib.as_closest_canonical(stored)
        with np.errstate(over="ignore"):  # what is too large for float32 is refused below
            values = np.asarray(image.dataobj, np.float32)
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim == 4 and channel is not None:
        if channel >= values.shape[3]:
            raise DataError(f"{path}: channel {channel} of {values.shape[3]}, counted from 0")
        values = np.ascontiguousarray(values[..., channel])
    if values.ndim != 3:
        raise DataError(
            f"{path}: shape {shape}; expected one three-dimensional volume (of several channels in "
            "one file, an msd layout chooses by `channel: 0`; else save each as a file of its own)"
        )
    if bad := int((~np.isfinite(values)).sum()):
        raise DataError(
            f"{path}: {bad} voxels are NaN, infinite or above 3e38; where they lie outside the "
            "body, save the file with 0 in their place (numpy.nan_to_num)"
        )
    return values, np.diag([to_mm, to_mm, to_mm, 1.0]) @ image.affine


def _check_ending(path: Path) -> None:
    """Refuse a compressed file whose name does not say so, and the reverse."""
    with reading(path, "a NIfTI file", DataError), path.open("rb") as file:
        start = file.read(4)
    named = path.name.lower().endswith(".gz")
    sizes = {int.from_bytes(start, order) for order in ("little", "big")}
    if not named and start[:2] == b"\x1f\x8b":
        raise DataError(f"{path}: is compressed by gzip; rename it so that it ends with .nii.gz")
    if named and sizes & {*HEADER_SIZES}:
        raise DataError(f"{path}: is not compressed by gzip; rename it so that it ends with .nii")


def _check_size(path: Path, declared: int) -> None:
    """Refuse a header that declares far more values than the file can hold."""
    compressed = path.name.lower().endswith(".gz")
    if declared > path.stat().st_size * (MAX_UNPACKED if compressed else 1):
        raise DataError(
            f"{path}: its header declares {declared} bytes of voxels, the file is too short for "
            "them; get it again"
        )


def _check_header(path: Path, stored: Any) -> float:
    """Check that a header does not contradict itself; returns millimetres per spatial unit."""
    header, affine = stored.header, stored.affine
    unit = header.get_xyzt_units()[0] if hasattr(header, "get_xyzt_units") else "mm"
    to_mm = UNITS_MM[unit]
    holder = stored.file_map.get("header") or stored.file_map["image"]
    with holder.get_prepare_fileobj("rb") as file:
        unchecked = type(header).from_fileobj(file, check=False)  # nibabel makes sizes of 0 to 1
    several = np.array([*stored.shape, 1, 1, 1][:3]) > 1
    if not unchecked["pixdim"][1:4][several].all():
        raise DataError(f"{path}: its header gives a voxel size of 0 in pixdim; fix the header")
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    zooms = np.abs(np.array([*header.get_zooms(), *sizes[2:]][:3], np.float64))
    if not sizes.all():
        raise DataError(f"{path}: its header gives a voxel size of 0; fix the header")
    if not np.allclose(sizes, zooms, rtol=SIZE_TOLERANCE, atol=0):
        raise DataError(
            f"{path}: its affine gives voxels of {_sizes(sizes)} mm, its pixdim {_sizes(zooms)} "
            "mm; keep the right one: with nibabel, image.set_sform(image.get_qform()) keeps pixdim"
        )
    if not ((sizes * to_mm > SMALLEST_MM) & (sizes * to_mm < LARGEST_MM)).all():
        raise DataError(
            f"{path}: voxels of {_sizes(sizes * to_mm)} mm (unit: {unit}) are not plausible; fix "
            "pixdim, affine and xyzt_units of the header"
        )
    axes = affine[:3, :3] / sizes
    if np.abs(axes.T @ axes - np.eye(3)).max() > SIZE_TOLERANCE:
        raise DataError(
            f"{path}: the axes of its affine are not perpendicular (a tilted gantry, or an affine "
            "registration?), so distances would be wrong; resample it to a straight grid"
        )
    if hasattr(header, "get_qform") and header["qform_code"] > 0 and header["sform_code"] > 0:
        codes = [nib.aff2axcodes(form) for form in (header.get_qform(), header.get_sform())]
        if codes[0] != codes[1]:
            raise DataError(
                f"{path}: qform points to {''.join(map(str, codes[0]))}, sform to "
                f"{''.join(map(str, codes[1]))}; keep the right one: with nibabel, "
                "image.set_sform(image.get_qform()) keeps qform"
            )
    return to_mm


def _sizes(sizes: npt.NDArray[np.float64]) -> str:
    return " x ".join(f"{size:.3g}" for size in sizes)


def spacing_of(affine: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Voxel size in mm along the three axes."""
    x, y, z = (float(v) for v in np.linalg.norm(affine[:3, :3], axis=0))
    return (x, y, z)
