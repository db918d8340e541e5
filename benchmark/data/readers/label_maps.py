"""Label maps as files that an editor opens over the image: NIfTI on its grid, PNG in its size."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmark.data.cases import Case, is_volume
from benchmark.data.readers.dicom import as_volume, read_series
from benchmark.errors import DataError
from benchmark.files import write_text

COLOURS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0),
           (86, 180, 233))  # fmt: skip


def label_file(case: Case) -> str:
    """Name of a case's label map.

    Raises:
        DataError: The case's name leads out of a folder.
    """
    assert case.image is not None
    if ".." in Path(case.case).parts or Path(case.case).is_absolute():
        raise DataError(f"case {case.case!r}: a name with `..` or a leading `/`; rename it")
    return case.case + (".nii.gz" if case.series or is_volume(case.image) else ".png")


def write_labels(path: Path, labels: npt.NDArray[np.uint8], case: Case) -> None:
    """Write one label map, whole or not at all.

    A NIfTI map has shape, orientation and affine of the NIfTI image; that of a DICOM series is in
    RAS+ orientation, at the same places in the patient.

    Args:
        path: As `label_file` names it.
        labels: 0 for background; (H, W), or (X, Y, Z) in RAS+ orientation, as cases are read.
        case: Whose image it belongs to.

    Raises:
        DataError: The disk refused.
    """
    part = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if labels.ndim == 2:
            Image.fromarray(labels).save(part)
        else:
            nib.save(_on_grid(labels, case), part)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None


def _on_grid(labels: npt.NDArray[np.uint8], case: Case) -> nib.Nifti1Image:
    if case.series:
        series = read_series(case.series)
        _, affine = as_volume(series.planes, series.affine)
        return nib.Nifti1Image(labels, affine)  # type: ignore[no-untyped-call]
    assert case.image is not None
    stored = nib.load(case.image)
    orientations = nib.orientations
    back = orientations.ornt_transform(
        orientations.axcodes2ornt("RAS"),  # type: ignore[no-untyped-call]
        orientations.io_orientation(stored.affine),  # type: ignore[attr-defined,no-untyped-call]
    )
    turned = orientations.apply_orientation(labels, back)  # type: ignore[no-untyped-call]
    image = nib.Nifti1Image(turned, stored.affine)  # type: ignore[attr-defined,no-untyped-call]
    if isinstance(stored, nib.Nifti1Image):
        for name in ("qform", "sform"):
            code = int(stored.header[f"{name}_code"])
            getattr(image, f"set_{name}")(stored.affine, code)
    return image


def write_label_names(folder: Path, labels: Sequence[str]) -> None:
    """Write what the numbers mean: for ITK-SNAP (`labels.label`) and 3D Slicer (`labels.ctbl`).

    Raises:
        RecordError: The disk refused.
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
