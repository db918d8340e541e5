"""Every layout is read, and every fault of a file is one line that names it."""

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from benchmark.cards.card import check_model
from benchmark.cards.dataset import DatasetCard
from benchmark.data.layouts.load import find_cases, load_case
from benchmark.errors import DataError


def card(layout: dict[str, Any], **more: Any) -> DatasetCard:
    facts = {
        "id": "d", "version": 1, "title": "d", "domain": "ct", "licence": "", "access": "open",
        "citation": "", "homepage": "", "group_by": "subject", "labels": {"a": 1},
        "layout": layout, **more,
    }  # fmt: skip
    return check_model(facts, DatasetCard, Path("d/dataset.yaml"))


def picture(path: Path, values: np.ndarray) -> None:  # type: ignore[type-arg]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.astype(np.uint8)).save(path)


def volume(path: Path, values: np.ndarray, affine: np.ndarray) -> None:  # type: ignore[type-arg]
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, affine), path)  # type: ignore[attr-defined,no-untyped-call]


PAIRED = {
    "kind": "paired_images",
    "images": r"i/(?P<case>(?P<subject>\d+)_\w+)\.png",
    "masks": ["m/{case}*.png"],
}


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    picture(tmp_path / "i/007_a.png", np.full((6, 8), 9))
    picture(tmp_path / "m/007_a.png", np.eye(6, 8))
    return tmp_path


def test_paired_images_with_a_table(pair: Path) -> None:
    (pair / "t.csv").write_text("name,exam,mm\n007_a.png,e7,0.25\n")
    table = {
        "file": "t.csv", "key": "name", "match": "{case}.png",
        "columns": {"exam": "exam", "spacing_mm": "mm"},
    }  # fmt: skip
    found = card({**PAIRED, "table": table}, group_by="exam")
    (case,) = find_cases(found, pair)
    loaded = load_case(found, case)
    assert (case.case, case.subject) == ("007_a", "e7")
    assert loaded.spacing_mm == (0.25, 0.25) and loaded.image.shape == (6, 8)
    assert loaded.mask.sum() == 6


def test_several_masks_are_ored(pair: Path) -> None:
    picture(pair / "m/007_a_2.png", np.eye(6, 8)[::-1])
    (case,) = find_cases(card(PAIRED), pair)
    assert load_case(card(PAIRED), case).mask.sum() == 12


def test_a_label_can_have_files_of_its_own(pair: Path) -> None:
    picture(pair / "m/007_a_liver.png", 255 * np.eye(6, 8)[::-1])
    found = card(
        {**PAIRED, "masks": {"a": ["m/{case}.png"], "liver": ["m/{case}_liver.png"]}},
        labels={"a": 1, "liver": 2},
    )
    (case,) = find_cases(found, pair)
    assert np.bincount(load_case(found, case).mask.ravel()).tolist() == [36, 6, 6]
    (pair / "m/007_a_liver.png").unlink()
    with pytest.raises(DataError, match="its mask m/007_a_liver.png is missing"):
        find_cases(found, pair)


def test_a_data_set_without_masks(pair: Path) -> None:
    found = card({**PAIRED, "masks": []}, labels={})
    (case,) = find_cases(found, pair)
    assert not load_case(found, case).mask.any()


def test_an_outline_is_filled_and_an_open_one_refused(pair: Path) -> None:
    ring = np.zeros((6, 8))
    ring[1:5, 1:7] = 1
    ring[2:4, 2:6] = 0
    filled = card({**PAIRED, "fill_outline": True})
    picture(pair / "m/007_a.png", ring)
    (case,) = find_cases(filled, pair)
    assert load_case(filled, case).mask.sum() == 24
    ring[1, 3] = 0
    picture(pair / "m/007_a.png", ring)
    with pytest.raises(DataError, match="not closed"):
        load_case(filled, case)


def test_a_case_named_by_a_template_can_be_its_own_group(pair: Path) -> None:
    layout = {
        "kind": "paired_images", "images": r"(?P<kind>i)/(?P<number>\d+)_a\.png",
        "case": "{kind}{number}",
    }  # fmt: skip
    (case,) = find_cases(card(layout, group_by="case", labels={}), pair)
    assert case.case == case.subject == "i007"


def test_names_of_one_person_become_one(pair: Path) -> None:
    (case,) = find_cases(card(PAIRED, same_subject=[["003", "007"]]), pair)
    assert case.subject == "003"


def fault(root: Path, layout: dict[str, Any] = PAIRED) -> str:
    with pytest.raises(DataError) as error:
        for case in find_cases(card(layout), root):
            load_case(card(layout), case)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_faults_of_pictures(pair: Path) -> None:
    picture(pair / "m/007_a.png", 7 * np.eye(6, 8))
    assert "mask holds [7], the card of d knows [0, 1]" in fault(pair)
    picture(pair / "m/007_a.png", np.eye(8, 8))
    assert "size (8, 8), but its image's is (6, 8)" in fault(pair)
    (pair / "m/007_a.png").unlink()
    assert "is missing" in fault(pair)
    picture(pair / "m/007_a.png", np.eye(6, 8))
    whole = (pair / "i/007_a.png").read_bytes()
    (pair / "i/007_a.png").write_bytes(whole[: len(whole) // 2])
    assert "007_a.png: not a whole picture" in fault(pair)
    (pair / "i/007_a.png").write_text("no picture")
    assert "not a whole picture" in fault(pair)
    (pair / "i/007_a.png").unlink()
    assert "no file matches" in fault(pair) and "m/007_a.png" in fault(pair)
    assert "no such folder" in fault(pair / "nowhere")


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
    assert "whole numbers" in fault(bids, BIDS)
    volume(mask, good, 2 * AFFINE)
    assert "affine differs" in fault(bids, BIDS)
    volume(mask, good[:2], AFFINE)
    assert "shape (2, 4, 5)" in fault(bids, BIDS)
    volume(image, good[..., None].repeat(2, -1), AFFINE)
    assert "three-dimensional" in fault(bids, BIDS)
    volume(image, np.where(good == 0, np.nan, 0).astype(np.float32), AFFINE)
    assert "60 voxels are NaN" in fault(bids, BIDS)
    image.write_bytes(image.read_bytes()[:60])
    assert "not a whole NIfTI" in fault(bids, BIDS)


@pytest.mark.parametrize("nnunet", [True, False])
def test_msd_and_nnunet_folders(tmp_path: Path, nnunet: bool) -> None:
    name = "liver_1_0000.nii.gz" if nnunet else "liver_1.nii.gz"
    volume(tmp_path / "imagesTr" / name, np.ones((3, 4, 5), np.int16), np.eye(4))
    volume(tmp_path / "labelsTr/liver_1.nii.gz", np.ones((3, 4, 5), np.uint8), np.eye(4))
    facts: dict[str, Any] = {
        "training": [{"image": "./imagesTr/liver_1.nii.gz", "label": "./labelsTr/liver_1.nii.gz"}]
    }
    if nnunet:
        facts = {"channel_names": {"0": "CT"}, "file_ending": ".nii.gz"}
    (tmp_path / "dataset.json").write_text(json.dumps(facts))
    found = card({"kind": "msd"})
    (case,) = find_cases(found, tmp_path)
    assert (case.case, case.subject) == ("liver_1", "liver_1")
    assert load_case(found, case).mask.sum() == 60


def test_a_manifest(pair: Path) -> None:
    (pair / "manifest.csv").write_text(
        "case,subject,image,mask,spacing_mm\nc,s,i/007_a.png,m/007_a.png,2\n"
    )
    found = card({"kind": "manifest"})
    (case,) = find_cases(found, pair)
    assert load_case(found, case).spacing_mm == (2.0, 2.0)
    (pair / "manifest.csv").write_text("case,image,mask\nc,i/007_a.png,m/007_a.png\n")
    assert "column 'subject' is missing" in fault(pair, {"kind": "manifest"})
