"""NIfTI volumes with masks in a BIDS folder, and faults."""

from pathlib import Path

import numpy as np
import pytest
from support.layouts import card, fault, volume

from benchmark.data.layouts.registry import find_cases, load_case

BIDS = {
    "kind": "paired_nifti",
    "images": r"sub-(?P<subject>\w+)/ses-(?P<session>\d)/(?P<case>.+)_T1w\.nii\.gz",
    "masks": ["sub-{subject}/ses-{session}/{case}_mask*.nii.gz"],
}
AFFINE = np.diag([-2.0, 3.0, 4.0, 1.0])


@pytest.fixture
def bids(tmp_path: Path) -> Path:
    values = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    folder = tmp_path / "sub-r01/ses-1"
    volume(folder / "a_T1w.nii.gz", values, AFFINE)
    volume(folder / "a_mask.nii.gz", (values > 50).astype(np.float32), AFFINE)
    (folder / "._a_T1w.nii.gz").write_text("junk of an archive")
    return tmp_path


def test_nifti_is_turned_to_ras_with_its_spacing(bids: Path) -> None:
    (case,) = find_cases(card(BIDS), bids)
    loaded = load_case(card(BIDS), case)
    assert (case.subject, case.facts["session"]) == ("r01", "1")
    assert loaded.spacing_mm == (2.0, 3.0, 4.0)
    assert loaded.image[0, 0, 0] == 40 and loaded.mask.sum() == 9


def test_faults_of_volumes(bids: Path) -> None:
    image, mask = (bids / f"sub-r01/ses-1/a_{name}.nii.gz" for name in ("T1w", "mask"))
    good = np.zeros((3, 4, 5), np.float32)
    volume(mask, good + 0.5, AFFINE)
    assert "must be integers" in fault(bids, BIDS)
    volume(mask, good, 2 * AFFINE)
    assert "affine differs" in fault(bids, BIDS)
    volume(mask, good[:2], AFFINE)
    assert "shape (2, 4, 5)" in fault(bids, BIDS)
    volume(image, good[..., None].repeat(2, -1), AFFINE)
    assert "three-dimensional" in fault(bids, BIDS)
    volume(image, np.where(good == 0, np.nan, 0).astype(np.float32), AFFINE)
    assert "60 voxels are NaN" in fault(bids, BIDS)
    image.write_bytes(image.read_bytes()[:60])
    assert "damaged or not a NIfTI" in fault(bids, BIDS)
