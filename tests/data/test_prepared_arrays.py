"""Prepared arrays: written once, with merged labels, and mapped after that."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmark.cards.dataset import DatasetCard, PairedImages
from benchmark.cards.problem import Intensity
from benchmark.data.cases import Case, MaskFile
from benchmark.data.prepared_arrays import prepare
from benchmark.data.preprocessing import Preprocessing


def test_preparation_is_done_once_and_labels_are_merged(tmp_path: Path) -> None:
    image, mask = tmp_path / "a.png", tmp_path / "m.png"
    Image.fromarray(np.full((40, 60), 51, np.uint8)).save(image)
    values = np.zeros((40, 60), np.uint8)
    values[:10], values[10:20], values[20:30] = 10, 20, 99
    Image.fromarray(values).save(mask)
    card = DatasetCard(
        id="d", version=1, title="d", domain="ct", licence="", access="open", citation="",
        homepage="", group_by="subject", labels={"a": 10, "b": 20}, ignore_value=99,
        layout=PairedImages(kind="paired_images", images="a.png", masks=("m.png",)),
    )  # fmt: skip
    case = Case(case="c", subject="s", image=image, masks=(MaskFile(mask),))
    how = Preprocessing((("both", ("a", "b")),), Intensity(kind="range", low=0, high=255), None, 64)
    events: list[Any] = []

    def keep(*event: Any) -> None:
        events.append(event)

    data = prepare(card, [case], "sha256:0", how, tmp_path, keep)
    assert data.images.shape == (1, 1, 64, 64) and data.masks.shape == (1, 64, 64)
    assert set(np.unique(data.masks)) == {0, 1, 255}
    assert abs(float(data.images[0, 0, 32, 32]) - 0.2) < 1e-3
    again = prepare(card, [case], "sha256:0", how, tmp_path, keep)
    assert events == [("preparing d", 1, 1)] and np.array_equal(again.masks, data.masks)
    assert data.rows(["c"]).tolist() == [0] and data.rows(["x"]).tolist() == []
