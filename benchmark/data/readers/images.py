"""Reading pictures and NIfTI or Analyze volumes, with every fault said in one line."""

from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from PIL import Image, UnidentifiedImageError
from scipy import ndimage

from benchmark.errors import DataError


def read_picture(path: Path, *, indices: bool = False) -> npt.NDArray[np.float32]:
    """A picture as (H, W), or (H, W, 3) where its channels differ.

    Args:
        path: PNG, JPEG, TIFF or another format of Pillow.
        indices: Take of a palette picture the numbers, not the colours; masks mean the numbers.

    Raises:
        DataError: The file is missing, no picture, or truncated.
    """
    try:
        with Image.open(path) as picture:
            grey = picture.mode in ("L", "F", "I", "I;16", "1", *(["P"] if indices else []))
            pixels = np.asarray(picture if grey else picture.convert("RGB"), np.float32)
    except FileNotFoundError:
        raise DataError(f"{path}: no such image") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path}: not a whole picture ({error}); get the file again") from None
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def fill_outline(mask: npt.NDArray[np.uint8], path: Path) -> npt.NDArray[np.uint8]:
    """Fill a closed contour; one that leaves the picture is closed along the picture's edge.

    Raises:
        DataError: The contour is open, so nothing would be filled.
    """
    drawn = mask > 0
    walled = np.pad(drawn, 1)
    for side, edge in ((0, drawn[0]), (-1, drawn[-1])):
        walled[side] = edge.any()
    for side, edge in ((0, drawn[:, 0]), (-1, drawn[:, -1])):
        walled[:, side] |= edge.any()
    regions, count = ndimage.label((ndimage.binary_fill_holes(walled) & ~walled)[1:-1, 1:-1])
    filled = ndimage.binary_fill_holes(drawn)
    if count:  # a corner of the picture can be cut off too; the contour's inside is larger
        filled |= regions == 1 + np.bincount(regions.ravel())[1:].argmax()
    if filled.sum() == (mask > 0).sum() and mask.any():
        raise DataError(f"{path}: the outline is not closed, nothing can be filled")
    return np.where(filled, mask.max(), 0).astype(np.uint8)


def read_volume(path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """A NIfTI volume (X, Y, Z) turned to RAS+ orientation, and its affine.

    Raises:
        DataError: Missing, damaged, not three-dimensional, or with values that are not finite.
    """
    try:
        stored = nib.load(path)
        kind = stored.get_data_dtype()  # type: ignore[attr-defined]
        if kind.names or kind.kind == "c":
            what = "colour" if kind.names else str(kind)
            raise DataError(f"{path}: holds {what} voxels; expected one real number a voxel")
        if not np.linalg.norm(stored.affine[:3, :3], axis=0).all():  # type: ignore[attr-defined]
            raise DataError(f"{path}: its header gives a voxel size of 0; mend the header")
        image = nib.as_closest_canonical(stored)  # type: ignore[no-untyped-call]
        values = np.asarray(image.dataobj, np.float32)
    except FileNotFoundError:
        raise DataError(f"{path}: no such volume") from None
    except (ImageFileError, HeaderDataError, OSError, EOFError, ValueError) as error:
        raise DataError(f"{path}: not a whole NIfTI file ({error}); get it again") from None
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise DataError(f"{path}: shape {values.shape}; expected one three-dimensional volume")
    if bad := int((~np.isfinite(values)).sum()):
        raise DataError(f"{path}: {bad} voxels are NaN or infinite")
    return values, image.affine


def spacing_of(affine: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Voxel size in mm along the three axes."""
    x, y, z = (float(v) for v in np.linalg.norm(affine[:3, :3], axis=0))
    return (x, y, z)


def whole_numbers(values: npt.NDArray[np.float32], path: Path) -> npt.NDArray[np.uint8]:
    """Mask values as integers.

    Raises:
        DataError: A value is not a whole number from 0 to 255.
    """
    with np.errstate(invalid="ignore"):
        whole = values.astype(np.uint8)
    if (whole == values).all():
        return whole
    rounded = np.rint(values)
    if np.abs(values - rounded).max(initial=0) > 1e-3 or values.min(initial=0) < -1e-3:
        raise DataError(f"{path}: a mask holds whole numbers from 0 on, this one does not")
    if rounded.max(initial=0) > 255:
        raise DataError(f"{path}: mask value {rounded.max():g} is above 255")
    return rounded.astype(np.uint8)
