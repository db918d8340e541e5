"""Reading NIfTI and Analyze volumes; every fault is one line."""

from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from benchmark.errors import DataError


def read_volume(path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """A volume in RAS+ orientation.

    Args:
        path: NIfTI, or the `.img` of an Analyze pair. Trailing axes of length 1 are dropped.

    Returns:
        Voxel values (X, Y, Z), and the affine (4, 4) from voxel indices to millimetres.

    Raises:
        DataError: Missing, damaged, not three-dimensional, or with values that are not finite.
    """
    try:
        stored = nib.load(path)
        kind = stored.get_data_dtype()  # type: ignore[attr-defined]
        if kind.names or kind.kind == "c":
            kind_name = "colour" if kind.names else str(kind)
            raise DataError(f"{path}: holds {kind_name} voxels; expected one real number per voxel")
        if not np.linalg.norm(stored.affine[:3, :3], axis=0).all():  # type: ignore[attr-defined]
            raise DataError(f"{path}: its header gives a voxel size of 0; fix the header")
        image = nib.as_closest_canonical(stored)
        values = np.asarray(image.dataobj, np.float32)
    except FileNotFoundError:
        raise DataError(f"{path}: no such volume") from None
    except (ImageFileError, HeaderDataError, OSError, EOFError, ValueError) as error:
        raise DataError(f"{path}: damaged or not a NIfTI file ({error}); get it again") from None
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
