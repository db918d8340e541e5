"""Prepared arrays: written once, with merged labels, and mapped after that."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import PairedImages
from benchmark.cards.problem import Intensity
from benchmark.data.cases import Case, MaskFile
from benchmark.data.prepared_arrays import PreparedDataset, prepare
from benchmark.data.preprocessing import Preprocessing


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., PreparedDataset]:
    """Prepares one picture, or maps what was prepared before; tells `events`."""
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
    return lambda *tell: prepare(card, [case], "sha256:0", how, tmp_path / "home", *tell)


def test_preparation_is_done_once_and_labels_are_merged(
    make: Callable[..., PreparedDataset],
) -> None:
    events: list[Any] = []

    def keep(*event: Any) -> None:
        events.append(event)

    data = make(keep)
    assert data.images.shape == (1, 1, 64, 64) and data.masks.shape == (1, 64, 64)
    assert set(np.unique(data.masks)) == {0, 1, 255}
    assert abs(float(data.images[0, 0, 32, 32]) - 0.2) < 1e-3
    again = make(keep)
    assert events == [("preparing d", 1, 1)] and np.array_equal(again.masks, data.masks)
    assert data.rows(["c"]).tolist() == [0] and data.rows(["x"]).tolist() == []


def flip(path: Path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 4
    path.write_bytes(content)


def as_nan(path: Path) -> None:
    array = np.load(path)
    np.save(path, np.full_like(array, np.nan))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a bit of the images": lambda home: flip(home / "images.npy", 0.6),
    "a bit of the masks": lambda home: flip(home / "masks.npy", 1),
    "NaN": lambda home: as_nan(home / "images.npy"),
    "zeros after a power loss": lambda home: (home / "masks.npy").write_bytes(bytes(4096 + 128)),
    "half of the images": lambda home: os.truncate(home / "images.npy", 5000),
    "no byte of the images": lambda home: os.truncate(home / "images.npy", 0),
    "no masks": lambda home: (home / "masks.npy").unlink(),
    "half of the index": lambda home: os.truncate(home / "index.json", 60),
    "no index": lambda home: (home / "index.json").unlink(),
    "another number in the index": lambda home: (home / "index.json").write_bytes(
        (home / "index.json").read_bytes().replace(b'"fitted":[43,64]', b'"fitted":[42,64]')
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_arrays_are_made_again_and_never_used(
    damage: str,
    make: Callable[..., PreparedDataset],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = make()
    images, masks = np.array(whole.images), np.array(whole.masks)
    (home,) = [path for path in (tmp_path / "home").iterdir() if path.is_dir()]
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    assert b'"fitted":[43,64]' in before["index.json"]
    DAMAGES[damage](home)
    assert {path.name: path.read_bytes() for path in home.iterdir()} != before
    again = make()
    assert caplog.messages == [f"{home}: damaged prepared images are made again"]
    assert np.array_equal(again.images, images) and np.array_equal(again.masks, masks)
    assert (again.fingerprint, again.cases) == (whole.fingerprint, whole.cases)
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    caplog.clear()
    make()
    assert not caplog.messages
