"""Small data sets on disk: cards, pictures and volumes for the tests of layouts."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from benchmark.cards.card import check_model
from benchmark.cards.dataset import DatasetCard
from benchmark.data.layouts.registry import find_cases, load_case
from benchmark.errors import DataError


def card(layout: dict[str, Any], **more: Any) -> DatasetCard:
    facts = {
        "id": "d", "version": 1, "title": "d", "domain": "ct", "licence": "", "access": "open",
        "citation": "", "homepage": "", "group_by": "subject", "labels": {"a": 1},
        "layout": layout, **more,
    }  # fmt: skip
    return check_model(facts, DatasetCard, Path("d/dataset.yaml"))


def picture(path: Path, values: npt.NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.astype(np.uint8)).save(path)


def volume(path: Path, values: npt.NDArray[Any], affine: npt.NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, affine), path)


def fault(root: Path, layout: dict[str, Any]) -> str:
    """The one line that a data set is refused with."""
    with pytest.raises(DataError) as error:
        for case in find_cases(card(layout), root):
            load_case(card(layout), case)
    assert "\n" not in str(error.value)
    return str(error.value)
