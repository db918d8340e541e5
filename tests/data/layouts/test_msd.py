"""Folders of the Medical Segmentation Decathlon and of nnU-Net."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.layouts import card, volume

from benchmark.data.layouts.registry import find_cases, load_case


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
