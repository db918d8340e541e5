"""CT and MRI volumes from DICOM files, one file per slice."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_rescale

from benchmark.data.readers.images import MAX_PIXELS
from benchmark.errors import DataError
from benchmark.reading import reading

DIRECTION_TOLERANCE = 1e-3
STEP_TOLERANCE = 0.1
GEOMETRY = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2}
SAME_IN_A_SERIES = (
    *("SeriesInstanceUID", "PatientID", "Modality"),
    "PhotometricInterpretation",  # without a rescaling, MONOCHROME1 has low values white
)
RESCALING = ("RescaleSlope", "RescaleIntercept")
CONVERT = "convert the series to NIfTI, for example with dcm2niix"


class Series(NamedTuple):
    """Slices in their order in space.

    `planes` is (slices, rows, columns), in HU where the files give a rescaling; `order` says
    which file each slice came from; `affine` brings (column, row, slice) to RAS+ millimetres.
    """

    planes: npt.NDArray[np.float32]
    order: tuple[int, ...]
    affine: npt.NDArray[np.float64]


class _Slice(NamedTuple):
    pixels: npt.NDArray[np.float32]
    series: tuple[str, ...]
    position: npt.NDArray[np.float64]
    orientation: npt.NDArray[np.float64]
    spacing: npt.NDArray[np.float64]

    def same_grid(self, other: "_Slice") -> bool:
        """Whether both are slices of one volume."""
        return (
            self.series == other.series
            and self.pixels.shape == other.pixels.shape
            and np.allclose(self.orientation, other.orientation, atol=DIRECTION_TOLERANCE)
            and np.allclose(self.spacing, other.spacing, atol=DIRECTION_TOLERANCE)
        )


def header_facts(path: Path) -> dict[str, str]:
    """Manufacturer and model of the scanner, where the header has them.

    Raises:
        DataError: The file is not a DICOM file.
    """
    keywords = {"manufacturer": "Manufacturer", "model": "ManufacturerModelName"}
    with reading(path, "a DICOM file", DataError):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        facts = {fact: str(header.get(word) or "").strip() for fact, word in keywords.items()}
    return {fact: value for fact, value in facts.items() if value}


def read_series(files: Sequence[Path]) -> Series:
    """Read all slices of a volume and put them in order along their normal.

    Slices of one volume agree in series, patient, modality, meaning of low values (photometric
    interpretation), grid, and in having a rescaling.

    Raises:
        DataError: A file is damaged, the files belong to several series, a slice is missing or
            duplicated, or the slices are shifted against each other.
    """
    slices = [_read_slice(path) for path in files]
    first = slices[0]
    if other := next((p for p, s in zip(files, slices, strict=True) if not s.same_grid(first)), ""):
        raise DataError(
            f"{other}: belongs to another series or grid than {files[0].name}; a folder holds the "
            "slices of one volume"
        )
    if len(slices) < 2:
        raise DataError(f"{files[0]}: the only slice of its volume; at least two are expected")
    along_row, along_column = first.orientation.reshape(2, 3)
    normal = np.cross(along_row, along_column)
    positions = np.stack([s.position for s in slices])
    order = np.argsort(positions @ normal, kind="stable")
    steps = np.diff(positions[order], axis=0)
    _check_steps([files[k] for k in order], steps, normal)
    affine = np.eye(4)
    affine[:3, 0] = along_row * first.spacing[1]
    affine[:3, 1] = along_column * first.spacing[0]
    affine[:3, 2] = steps.mean(axis=0)
    affine[:3, 3] = positions[order[0]]
    affine[:2] *= -1  # DICOM points to the left and to the back, RAS+ to the right and the front
    return Series(np.stack([slices[k].pixels for k in order]), tuple(order.tolist()), affine)


def as_volume(
    planes: npt.NDArray[np.generic], affine: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Slices (slices, rows, columns) as a volume (X, Y, Z) in RAS+ orientation, and its affine."""
    stored = nib.Nifti1Image(planes.transpose(2, 1, 0).astype(np.float32), affine)
    image = nib.as_closest_canonical(stored)
    return np.asarray(image.dataobj, np.float32), image.affine


def _read_slice(path: Path) -> _Slice:
    with reading(path, "a DICOM slice", DataError):
        data = pydicom.dcmread(path)
        _check_readable(path, data)
        pixels = np.asarray(apply_rescale(data.pixel_array, data), np.float32)
        numbers = [_numbers(path, data, name, count) for name, count in GEOMETRY.items()]
        in_hu = str(data.get("RescaleSlope") is not None)
        series = (*(str(data.get(name)) for name in SAME_IN_A_SERIES), in_hu)
    if data.get("RescaleSlope") == 0:
        raise DataError(f"{path}: RescaleSlope is 0, so all values are equal; get the series again")
    if pixels.ndim != 2:
        raise DataError(f"{path}: pixels have shape {pixels.shape}; expected one grey slice")
    if not np.isfinite(pixels).all():
        raise DataError(f"{path}: some values are NaN or infinite; get the series again")
    return _Slice(pixels, series, *numbers)


def _check_readable(path: Path, data: pydicom.Dataset) -> None:
    """Refuse what is a sound DICOM file, but none that can be read here as one slice."""
    if (frames := int(data.get("NumberOfFrames") or 1)) > 1:
        raise DataError(f"{path}: a multi-frame file of {frames} frames; {CONVERT}")
    if missing := next((name for name in (*GEOMETRY, "PixelData") if not data.get(name)), None):
        raise DataError(f"{path}: has no {missing}, so it is no slice of a volume; {CONVERT}")
    if len(given := [name for name in RESCALING if data.get(name) is not None]) == 1:
        raise DataError(f"{path}: has {given[0]} alone of {' and '.join(RESCALING)}; {CONVERT}")
    if data.get("PhotometricInterpretation") == "PALETTE COLOR":
        raise DataError(f"{path}: its numbers stand for colours of a palette; {CONVERT}")
    syntax = data.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not get_decoder(syntax).is_available:
        raise DataError(
            f"{path}: compressed as {syntax.name}, for which no decoder is installed; type `pip "
            f"install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg`, or {CONVERT}"
        )
    if (declared := int(data.Rows) * int(data.Columns)) > MAX_PIXELS:
        raise DataError(f"{path}: declares {declared} pixels; {MAX_PIXELS} at most are read")


def _numbers(path: Path, data: pydicom.Dataset, name: str, count: int) -> npt.NDArray[np.float64]:
    """The numbers of an element of the geometry; of spacings, above 0."""
    values = np.array([float(value) for value in data[name].value])
    if len(values) != count or not np.isfinite(values).all():
        raise DataError(f"{path}: {name} is {values.tolist()}; expected {count} numbers")
    if name == "PixelSpacing" and values.min() <= 0:
        raise DataError(f"{path}: PixelSpacing is {values.tolist()}; expected mm above 0")
    return values


def _check_steps(
    files: Sequence[Path], steps: npt.NDArray[np.float64], normal: npt.NDArray[np.float64]
) -> None:
    along = steps @ normal
    usual = float(np.median(along))
    worst = int(np.abs(along - usual).argmax())
    if along.min() <= STEP_TOLERANCE * usual:
        worst = int(along.argmin())
        raise DataError(f"{files[worst]} and {files[worst + 1].name}: two slices at one position")
    if abs(along[worst] - usual) > STEP_TOLERANCE * usual:
        raise DataError(
            f"{files[worst]} and {files[worst + 1].name}: {along[worst]:.2f} mm apart, the other "
            f"slices {usual:.2f} mm; a slice is missing (get the series again), or the steps are "
            "uneven (resample it)"
        )
    sideways = np.abs(steps - along[:, None] * normal).max()
    if sideways > STEP_TOLERANCE * usual:
        raise DataError(
            f"{files[0].parent}: slices are shifted by {sideways:.2f} mm against each other (a "
            "tilted gantry?); resample the series to a straight volume first"
        )
