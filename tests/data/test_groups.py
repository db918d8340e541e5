"""Groups of subjects from facts and from masks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.layouts import card, picture, volume

from benchmark.cards.dataset import DatasetCard
from benchmark.data.groups import group_rows
from benchmark.data.layouts.registry import find_cases
from benchmark.errors import CardError, DataError

PICTURES = {
    "kind": "paired_images",
    "images": r"images/(?P<case>(?P<subject>s\d)_(?P<site>[a-z])(?P<age>\d+|x))\.png",
    "masks": ["masks/{case}.png"],
}


def with_pictures(
    root: Path, groups: Mapping[str, Any], spacing: float | None = 2.0
) -> DatasetCard:
    """s1 has 10 and 30 pixels at site a, s2 60 at b and 40 at a."""
    for name, pixels in {"s1_a30": 10, "s1_a34": 30, "s2_b50": 60, "s2_a70": 40}.items():
        picture(root / f"images/{name}.png", np.full((10, 20), 7))
        mask = np.zeros(200)
        mask[:pixels] = 1
        picture(root / f"masks/{name}.png", mask.reshape(10, 20))
    layout = PICTURES | ({"spacing_mm": spacing} if spacing else {})
    return card(layout, groups=groups)


def test_facts_sizes_and_bands(tmp_path: Path) -> None:
    own = with_pictures(tmp_path, {
        "site": {"fact": "site"},
        "age": {"fact": "age", "bands": [32], "unit": "years"},
        "size": {"size_of": "a", "bands": [1, 2]},
        "by_hand": {},
    })  # fmt: skip
    assert group_rows(own, find_cases(own, tmp_path)) == [
        ("subject", "site", "age", "size"),
        (
            "s1",
            "a",
            "32 years or more",
            "below 1 cm²",
        ),  # mean of 10 and 30 pixels of 4 mm²: 0.8 cm²
        ("s2", "", "32 years or more", "2 cm² or more"),
    ]
    blank = with_pictures(tmp_path, {"size": {"size_of": ["a"], "bands": [10]}}, spacing=None)
    rows = group_rows(blank, find_cases(blank, tmp_path))
    assert rows[1:] == [("s1", "10 % or more"), ("s2", "10 % or more")]


def test_volumes_are_in_millilitres(tmp_path: Path) -> None:
    mask = np.zeros((10, 10, 10))
    mask[:5] = 1
    affine = np.diag([2.0, 2.0, 1.0, 1.0])
    for folder, values in {"images": mask + 3, "labels": mask}.items():
        volume(tmp_path / folder / "s1.nii.gz", values.astype(np.float32), affine)
    layout = {"kind": "paired_nifti", "images": r"images/(?P<case>(?P<subject>s\d))\.nii\.gz",
              "masks": ["labels/{case}.nii.gz"]}  # fmt: skip
    own = card(layout, groups={"size": {"size_of": "a", "bands": [2]}})
    rows = group_rows(own, find_cases(own, tmp_path))
    assert rows == [("subject", "size"), ("s1", "2 ml or more")]


@pytest.mark.parametrize(
    ("groups", "problem"),
    [
        ({}, "no `groups`"),
        ({"size": {"size_of": "b", "bands": [1]}}, "unknown labels b"),
        ({"sex": {"fact": "sex"}}, "no fact 'sex'; it has"),
        ({"site": {"fact": "site", "bands": [1]}}, "site is 'a', not a number"),
    ],
)
def test_what_cannot_be_known_is_refused(
    groups: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    own = with_pictures(tmp_path, groups)
    with pytest.raises((CardError, DataError), match=problem):
        group_rows(own, find_cases(own, tmp_path))


def test_facts_that_are_missing_or_contradict_each_other(tmp_path: Path) -> None:
    for k in range(3):
        picture(tmp_path / f"i{k}.png", np.full((10, 20), 7))
        picture(tmp_path / f"m{k}.png", np.ones((10, 20)))
    groups = {"age": {"fact": "age", "bands": [40]}, "size": {"size_of": "a", "bands": [1]}}
    own = card({"kind": "manifest"}, groups=groups)

    def rows(*cases: str) -> list[tuple[str, ...]]:
        lines = [f"{k},{case.replace('/', f',i{k}.png,m{k}.png,')}" for k, case in enumerate(cases)]
        text = "\n".join(["case,subject,image,mask,age,spacing_mm", *lines, ""])
        (tmp_path / "manifest.csv").write_text(text)
        return group_rows(own, find_cases(own, tmp_path))[1:]

    assert rows("s/50,2", "s/40,2", "t/,2") == [
        ("s", "40 or more", "1 cm² or more"), ("t", "", "1 cm² or more"),
    ]  # fmt: skip
    with pytest.raises(DataError, match="subject 's': age is 'nan', not a number"):
        rows("s/nan,2")
    with pytest.raises(DataError, match="subject 's': some of its cases have a spacing"):
        rows("s/50,2", "s/50,")
