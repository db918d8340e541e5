"""Folders of the Medical Segmentation Decathlon and of nnU-Net."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.layouts import card, fault, volume

from benchmark.data.layouts.registry import find_cases, load_case
from benchmark.errors import CardError, DataError


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


def decathlon(root: Path, listed: str, stored: str, channels: int = 0) -> None:
    shape = (3, 4, 5, channels) if channels else (3, 4, 5)
    values = np.broadcast_to(np.arange(channels or 1, dtype=np.int16), shape).copy()
    volume(root / "imagesTr" / stored, values, np.eye(4))
    volume(root / "labelsTr/a.nii.gz", np.ones((3, 4, 5), np.uint8), np.eye(4))
    pair = {"image": f"./imagesTr/{listed}", "label": "./labelsTr/a.nii.gz"}
    (root / "dataset.json").write_text(json.dumps({"training": [pair]}))


def test_nnunet_version_1_lists_names_without_the_channel(tmp_path: Path) -> None:
    decathlon(tmp_path, "a.nii.gz", "a_0000.nii.gz")
    (case,) = find_cases(card({"kind": "msd"}), tmp_path)
    assert case.image is not None and case.image.name == "a_0000.nii.gz"


@pytest.mark.parametrize(
    ("labels", "right"),
    [
        ({"0": "background", "1": "Liver", "2": "cancer"}, True),
        ({"background": 0, "liver": 1}, True),
        ({"background": 0, "liver": [1, 2], "tumour": 7}, True),
        ({"0": "background", "1": "tumour", "2": "Liver"}, False),
        ({"background": 0, "tumour": 1, "liver": 2}, False),
        (["liver"], True),
    ],
)
def test_labels_of_the_description_have_the_values_of_the_card(
    labels: Any, right: bool, tmp_path: Path
) -> None:
    decathlon(tmp_path, "a.nii.gz", "a.nii.gz")
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"labels": labels}))
    found = card({"kind": "msd"}, labels={"liver": 1})
    if right:
        assert len(find_cases(found, tmp_path)) == 1
    else:
        with pytest.raises(DataError, match="iver' is 2, but 1 on the card"):
            find_cases(found, tmp_path)


def test_of_several_channels_one_is_chosen(tmp_path: Path) -> None:
    decathlon(tmp_path, "a.nii.gz", "a.nii.gz", channels=4)
    found = card({"kind": "msd", "channel": 2})
    (case,) = find_cases(found, tmp_path)
    assert (load_case(found, case).image == 2).all()
    assert "shape (3, 4, 5, 4)" in fault(tmp_path, {"kind": "msd"})
    assert "channel 4 of 4" in fault(tmp_path, {"kind": "msd", "channel": 4})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "expected `training` with pairs"),
        ('{"training": ["a"]}', "expected `training` with pairs"),
        ('{"training": []}', "lists no training case"),
        ('{"training": [], "training": []}', "the key 'training' comes twice"),
        ("{", "damaged or not JSON"),
        ("[" * 100_000, "damaged or not JSON"),
        ('{"training": [{"image": "../a", "label": "b"}]}', "outside its own folder"),
        ('{"training": [{"image": "a.nii", "label": "b"}]}', "which does not exist"),
    ],
)
def test_descriptions_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    assert message in fault(tmp_path, {"kind": "msd"})


def test_of_several_files_an_image_one_is_chosen(tmp_path: Path) -> None:
    decathlon(tmp_path, "a.nii.gz", "a_0000.nii.gz")
    volume(tmp_path / "imagesTr/a_0001.nii.gz", np.full((3, 4, 5), 7, np.int16), np.eye(4))
    for facts in (None, '{"file_ending": ".nii.gz"}'):
        if facts:
            (tmp_path / "dataset.json").write_text(facts)
        text = fault(tmp_path, {"kind": "msd"})
        assert "a_0000.nii.gz: is one channel, a_0001.nii.gz another; choose one" in text
        found = card({"kind": "msd", "channel": 1})
        assert (load_case(found, find_cases(found, tmp_path)[0]).image == 7).all()


def test_a_name_that_tells_no_subject(tmp_path: Path) -> None:
    decathlon(tmp_path, "a.nii.gz", "a.nii.gz")
    text = fault(tmp_path, {"kind": "msd", "subject": r"(?P<subject>P\d+)_.*"})
    assert "labelsTr/a.nii.gz: 'a' does not match the card's subject" in text
    with pytest.raises(CardError, match="subject has no named group"):
        card({"kind": "msd", "subject": r"(P\d+)_.*"})
