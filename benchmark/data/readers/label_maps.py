"""Label maps: the values of mask files, and maps that an editor opens over the image.

Maps are written as NIfTI on the grid of the image, or as PNG of its size.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmark.data.cases import Case, is_volume
from benchmark.data.readers.dicom import as_volume, read_series
from benchmark.errors import DataError
from benchmark.files import replacing, write_text

COLOURS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0),
           (86, 180, 233))  # fmt: skip


def label_values(values: npt.NDArray[np.float32], path: Path) -> npt.NDArray[np.uint8]:
    """The values of a mask as integers; rounding errors up to 0.001 are accepted.

    Args:
        values: Of any shape, as read from a file.
        path: The file, for the message.

    Raises:
        DataError: A value is not an integer from 0 to 255.
    """
    with np.errstate(invalid="ignore"):
        integers = values.astype(np.uint8)
    if (integers == values).all():
        return integers
    rounded = np.rint(values)
    if np.abs(values - rounded).max(initial=0) > 1e-3 or values.min(initial=0) < -1e-3:
        raise DataError(f"{path}: mask values must be integers from 0 on; these are not")
    if rounded.max(initial=0) > 255:
        raise DataError(
            f"{path}: mask value {rounded.max():g} is above 255; write the masks again with values "
            "from 1 to 255 and give those as labels on the card"
        )
    return rounded.astype(np.uint8)


def label_file(case: Case) -> str:
    """Name of the file of a case's label map.

    Raises:
        DataError: The case's name is a path that leaves the folder.
    """
    assert case.image is not None
    if ".." in Path(case.case).parts or Path(case.case).is_absolute():
        raise DataError(f"case {case.case!r}: its name has `..` or a leading `/`; rename it")
    return case.case + (".nii.gz" if case.series or is_volume(case.image) else ".png")


def write_labels(path: Path, labels: npt.NDArray[np.uint8], case: Case) -> None:
    """Write one label map atomically.

    A NIfTI map has shape, orientation and affine of the NIfTI image; that of a DICOM series is in
    RAS+ orientation, at the same position in the patient.

    Args:
        path: As `label_file` names it.
        labels: 0 for background; (H, W), or (X, Y, Z) in RAS+ orientation, as cases are read.
        case: Whose image it belongs to.

    Raises:
        DataError: It cannot be written.
    """
    try:
        with replacing(path, ".png" if labels.ndim == 2 else ".nii.gz") as temporary:
            if labels.ndim == 2:
                Image.fromarray(labels).save(temporary)
            else:
                nib.save(_on_image_grid(labels, case), temporary)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None


def _on_image_grid(labels: npt.NDArray[np.uint8], case: Case) -> nib.Nifti1Image:
    if case.series:
        series = read_series(case.series)
        _, affine = as_volume(series.planes, series.affine)
        return nib.Nifti1Image(labels, affine)
    assert case.image is not None
    stored: Any = nib.load(case.image)
    orientations = nib.orientations
    back = orientations.ornt_transform(
        orientations.axcodes2ornt("RAS"),
        orientations.io_orientation(stored.affine),
    )
    native = orientations.apply_orientation(labels, back)
    image = nib.Nifti1Image(native, stored.affine)
    if isinstance(stored, nib.Nifti1Image):
        for name in ("qform", "sform"):
            code = int(stored.header[f"{name}_code"])
            getattr(image, f"set_{name}")(stored.affine, code)
    return image


def write_label_names(folder: Path, labels: Sequence[str]) -> None:
    """Write the names of label values for ITK-SNAP (`labels.label`) and 3D Slicer (`labels.ctbl`).

    Args:
        folder: Where both files are written.
        labels: Names of the values 1, 2, ...

    Raises:
        RecordError: A file cannot be written.
    """
    colours = [COLOURS[k % len(COLOURS)] for k in range(len(labels))]
    named = [
        (number, label.replace('"', "'"), " ".join(map(str, colour)))
        for number, (label, colour) in enumerate(zip(labels, colours, strict=True), start=1)
    ]
    snap = ['0 0 0 0 0 0 0 "background"', *(f'{n} {c} 1 1 1 "{label}"' for n, label, c in named)]
    slicer = ["0 background 0 0 0 0", *(f"{n} {x.replace(' ', '_')} {c} 255" for n, x, c in named)]
    write_text(folder / "labels.label", "\n".join(["# IDX R G B A VIS MSH LABEL", *snap, ""]))
    write_text(folder / "labels.ctbl", "\n".join(["# number name R G B A", *slicer, ""]))
