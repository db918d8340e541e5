"""Volumes as files come: any orientation, type and compression; refused in one line otherwise."""

import gzip
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from benchmark.data.cases import is_volume
from benchmark.data.readers.label_maps import label_values
from benchmark.data.readers.volumes import read_volume, spacing_of
from benchmark.errors import DataError

SPACING = (0.9, 1.1, 3.0)
ANATOMY = np.random.default_rng(0).integers(0, 200, (5, 6, 7)).astype(np.float64)


RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])


def save(path: Path, values: np.ndarray, affine: np.ndarray, slope: float | None = None) -> Path:
    image = nib.Nifti1Image(values, affine)
    if slope is not None:
        image.header.set_slope_inter(slope, 0)
    nib.save(image, path)
    return path


def stored(axes: tuple[int, ...], signs: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The same anatomy as a scanner would store it with these axes and directions."""
    affine = np.diag([*SPACING, 1.0])
    ornt = np.array([[axes[k], signs[k]] for k in range(3)])
    values = nib.orientations.apply_orientation(ANATOMY, nib.orientations.io_orientation(affine))
    back = nib.orientations.inv_ornt_aff(ornt, ANATOMY.shape)
    return nib.orientations.apply_orientation(values, ornt), affine @ back


@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)))
@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_every_orientation_gives_the_same_anatomy(
    axes: tuple[int, ...], signs: tuple[int, ...], tmp_path: Path
) -> None:
    values, affine = stored(axes, signs)
    read, turned = read_volume(save(tmp_path / "v.nii", values.astype(np.int16), affine))
    assert np.array_equal(read, ANATOMY) and read.dtype == np.float32
    assert spacing_of(turned) == pytest.approx(SPACING)
    assert nib.aff2axcodes(turned) == ("R", "A", "S")


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_types_and_compression(kind: type, name: str, tmp_path: Path) -> None:
    read, _ = read_volume(save(tmp_path / name, ANATOMY.astype(kind), np.eye(4)))
    assert np.array_equal(read, ANATOMY)


def test_a_scale_in_the_header_counts(tmp_path: Path) -> None:
    read, _ = read_volume(save(tmp_path / "v.nii", ANATOMY.astype(np.int16), np.eye(4), 2.0))
    assert read.max() in (ANATOMY.max(), 2 * ANATOMY.max())
    raw: Any = nib.load(tmp_path / "v.nii")
    assert np.array_equal(read, np.asarray(raw.dataobj, np.float32))


def test_an_oblique_scan_keeps_its_spacing(tmp_path: Path) -> None:
    turn = np.deg2rad(12)
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    affine[:3, :3] = affine[:3, :3] @ np.diag(SPACING)
    _, turned = read_volume(save(tmp_path / "v.nii", ANATOMY.astype(np.float32), affine))
    assert spacing_of(turned) == pytest.approx(SPACING)


def test_a_last_axis_of_one_is_no_fourth(tmp_path: Path) -> None:
    read, _ = read_volume(save(tmp_path / "v.nii", ANATOMY[..., None].astype(np.int16), np.eye(4)))
    assert np.array_equal(read, ANATOMY)


def test_an_image_of_two_axes_is_one_slice(tmp_path: Path) -> None:
    path = save(tmp_path / "v.nii", ANATOMY[:, :, 0].astype(np.int16), np.diag([-0.3, 0.6, 1, 1]))
    read, affine = read_volume(path)
    assert np.array_equal(read, ANATOMY[::-1, :, :1])  # turned to RAS+
    assert spacing_of(affine)[:2] == pytest.approx((0.3, 0.6))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((3, 3, 3, 2), np.int16), r"shape \(3, 3, 3, 2\); expected one three"),
        (np.full((3, 3, 3), np.nan, np.float32), "27 voxels are NaN, infinite or"),
        (np.full((3, 3, 3), np.inf, np.float32), "27 voxels are NaN, infinite or"),
        (np.full((3, 3, 3), 1e300), "27 voxels are NaN, infinite or above 3e38"),
        (np.zeros((3, 3, 3), np.complex64), "complex64"),
        (np.zeros((3, 3, 3), RGB), "colour"),
    ],
)
def test_what_cannot_be_read_is_one_line(values: np.ndarray, message: str, tmp_path: Path) -> None:
    path = save(tmp_path / "v.nii", values, np.eye(4))
    with pytest.raises(DataError, match=message) as caught:
        read_volume(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_a_voxel_size_of_0_is_one_line(tmp_path: Path) -> None:
    path = save(tmp_path / "v.nii", ANATOMY.astype(np.int16), np.eye(4))
    data = bytearray(path.read_bytes())
    data[312:328] = bytes(16)  # srow_z of the header
    path.write_bytes(data)
    with pytest.raises(DataError, match="voxel size of 0"):
        read_volume(path)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_truncated_file_is_one_line(suffix: str, tmp_path: Path) -> None:
    path = save(tmp_path / f"v{suffix}", ANATOMY.astype(np.float32), np.eye(4))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="damaged or not a NIfTI file"):
        read_volume(path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 0.5], "must be integers from 0 on"),
        ([0, -1], "must be integers from 0 on"),
        ([0, 300], "300 is above 255"),
        ([0, 1e20], "above 255"),
    ],
)
def test_mask_values_that_are_refused(values: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        label_values(np.array(values, np.float32), Path("m.nii"))


def test_mask_values_stored_as_floats() -> None:
    found = label_values(np.array([0, 1, 2.0004, 255], np.float32), Path("m.nii"))
    assert found.tolist() == [0, 1, 2, 255] and found.dtype == np.uint8


@pytest.mark.parametrize(("degrees", "straight"), [(0.2, True), (12, False)])
def test_axes_of_a_tilted_gantry_are_refused(
    degrees: float, straight: bool, tmp_path: Path
) -> None:
    """Between slices 5 mm apart a point then moves sideways: no spacing gives its distances."""
    affine = np.diag([1.0, 1.0, 5.0, 1.0])
    affine[1:3, 2] = 5 * np.sin(np.deg2rad(degrees)), 5 * np.cos(np.deg2rad(degrees))
    path = save(tmp_path / "v.nii.gz", ANATOMY.astype(np.int16), affine)
    if straight:
        assert spacing_of(read_volume(path)[1]) == pytest.approx((1, 1, 5))
    else:
        with pytest.raises(DataError, match="axes of its affine are not perpendicular"):
            read_volume(path)


def with_forms(path: Path, qform: np.ndarray, sform: np.ndarray) -> Path:
    image = nib.Nifti1Image(ANATOMY.astype(np.int16), None)
    image.set_qform(qform, 1)
    image.set_sform(sform, 1)
    nib.save(image, path)
    return path


def test_a_header_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    path = with_forms(tmp_path / "v.nii", np.diag([1.3, 1.3, 10, 1]), np.eye(4))
    with pytest.raises(DataError, match="gives voxels of 1 x 1 x 1 mm, its pixdim 1.3 x 1.3 x 10"):
        read_volume(path)
    with_forms(path, np.eye(4), np.diag([-1, 1, 1, 1]))
    with pytest.raises(DataError, match="qform points to RAS, sform to LAS"):
        read_volume(path)
    with_forms(path, np.diag([*SPACING, 1]), np.diag([*SPACING, 1]) + 1e-4)
    assert spacing_of(read_volume(path)[1]) == pytest.approx(SPACING, rel=1e-3)


@pytest.mark.parametrize(("unit", "per_mm"), [("mm", 1), ("meter", 0.001), ("micron", 1000)])
def test_units_of_the_header_count(unit: str, per_mm: float, tmp_path: Path) -> None:
    image = nib.Nifti1Image(ANATOMY.astype(np.int16), np.diag([*np.array(SPACING) * per_mm, 1]))
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "v.nii")
    assert spacing_of(read_volume(tmp_path / "v.nii")[1]) == pytest.approx(SPACING, rel=1e-5)
    image.header.set_xyzt_units("meter")
    if unit == "mm":
        nib.save(image, tmp_path / "v.nii")
        with pytest.raises(DataError, match="voxels of 900 x .* .unit: meter. are not plausible"):
            read_volume(tmp_path / "v.nii")


@pytest.mark.parametrize(
    ("written", "given", "message"),
    [
        (".nii", ".nii.gz", "is not compressed by gzip; rename it so that it ends with .nii$"),
        (".nii.gz", ".nii", "is compressed by gzip; rename it so that it ends with .nii.gz$"),
    ],
)
def test_content_and_ending(written: str, given: str, message: str, tmp_path: Path) -> None:
    path = save(tmp_path / f"v{written}", ANATOMY.astype(np.int16), np.eye(4))
    path.rename(tmp_path / f"v{given}")
    with pytest.raises(DataError, match=message):
        read_volume(tmp_path / f"v{given}")


def test_endings_in_capitals(tmp_path: Path) -> None:
    path = save(tmp_path / "v.nii.gz", ANATOMY.astype(np.int16), np.eye(4))
    assert is_volume(path.rename(tmp_path / "V.NII.GZ"))
    assert np.array_equal(read_volume(tmp_path / "V.NII.GZ")[0], ANATOMY)


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
def test_a_header_cannot_declare_more_than_the_file_holds(name: str, tmp_path: Path) -> None:
    path = save(tmp_path / name, ANATOMY.astype(np.int16), np.eye(4))
    data = bytearray(path.read_bytes() if name == "v.nii" else gzip.decompress(path.read_bytes()))
    data[42:48] = np.array([30_000] * 3, "<i2").tobytes()  # dim of the header
    path.write_bytes(data if name == "v.nii" else gzip.compress(data))
    with pytest.raises(DataError, match="declares 54000000000000 bytes"):
        read_volume(path)


def test_a_channel_is_chosen(tmp_path: Path) -> None:
    values = np.stack([ANATOMY, ANATOMY + 1], -1).astype(np.int16)
    path = save(tmp_path / "v.nii", values, np.eye(4))
    assert np.array_equal(read_volume(path, 1)[0], ANATOMY + 1)
    with pytest.raises(DataError, match="channel 2 of 2, counted from 0"):
        read_volume(path, 2)
    with pytest.raises(DataError, match="an msd layout chooses by `channel: 0`"):
        read_volume(path)


@pytest.mark.parametrize("kind", [nib.AnalyzeImage, nib.Nifti1Image])
def test_a_pixdim_of_0_is_not_1_mm(kind: Any, tmp_path: Path) -> None:
    """Nibabel repairs it to 1 and says so in a log only."""
    image = kind(ANATOMY.astype(np.int16), np.diag([*SPACING, 1]))
    if kind is nib.Nifti1Image:
        image.set_sform(None, 0)
        image.set_qform(np.diag([*SPACING, 1]), 1)
    name = "v.img" if kind is nib.AnalyzeImage else "v.nii"
    nib.save(image, tmp_path / name)
    assert spacing_of(read_volume(tmp_path / name)[1]) == pytest.approx(SPACING)
    header = tmp_path / ("v.hdr" if kind is nib.AnalyzeImage else "v.nii")
    data = bytearray(header.read_bytes())
    data[88:92] = bytes(4)  # pixdim[3]
    header.write_bytes(data)
    with pytest.raises(DataError, match="voxel size of 0 in pixdim"):
        read_volume(tmp_path / name)
