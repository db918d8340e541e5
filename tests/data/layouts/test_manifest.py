"""Manifests: one row per case."""

from pathlib import Path

import numpy as np
import pytest
from support.layouts import card, fault, picture

from benchmark.data.layouts.registry import find_cases, load_case


def test_a_manifest(tmp_path: Path) -> None:
    picture(tmp_path / "i/007_a.png", np.full((6, 8), 9))
    picture(tmp_path / "m/007_a.png", np.eye(6, 8))
    (tmp_path / "manifest.csv").write_text(
        "case,subject,image,mask,spacing_mm\nc,s,i/007_a.png,m/007_a.png,2\n"
    )
    found = card({"kind": "manifest"})
    (case,) = find_cases(found, tmp_path)
    assert load_case(found, case).spacing_mm == (2.0, 2.0)
    (tmp_path / "manifest.csv").write_text("case,image,mask\nc,i/007_a.png,m/007_a.png\n")
    assert "column 'subject' is missing" in fault(tmp_path, {"kind": "manifest"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k in range(2):
        picture(tmp_path / f"i/p{k}.png", np.full((6, 8), 9))
        picture(tmp_path / f"m/p{k}.png", np.eye(6, 8))
    return tmp_path


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("p1,p1,i/p1.png", "row 3: 3 values, but there are 5 columns"),
        ("p1,p1,i/p1.png,m/p1.png,fine, but blurred", "row 3: 6 values"),
        (",,,,", "row 3: 'case', 'image', 'mask', 'subject' is empty"),
        ("p1,p1,i/p1.png,,fine", "row 3: 'mask' is empty"),
        (r"p1,p1,i\\p1.png,m/p1.png,fine", "with `/`, not"),
        ("p1,p1,i/p0.png,m/p1.png,", "p0.png: the image of 'p0' (subject 'p0') and of 'p1' (su"),
        ("p1,p1,i/p1.png,m/p0.png,", "m/p0.png: the mask of 'p0' (subject 'p0') and of 'p1' (su"),
        ("p1,p1,m/p1.png,m/p1.png,", "m/p1.png: image and mask of 'p1'; correct one of them"),
    ],
)
def test_rows_that_are_not_whole(folder: Path, row: str, message: str) -> None:
    lines = ["case,subject,image,mask,note", "p0,p0,i/p0.png,m/p0.png,fine", row]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    assert message in fault(folder, {"kind": "manifest"})


def test_two_readers_of_one_image_are_two_cases_of_one_subject(folder: Path) -> None:
    rows = ["case,subject,image,mask", "a,p0,i/p0.png,m/p0.png", "b,p0,i/p0.png,m/p1.png"]
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    assert [case.case for case in find_cases(card({"kind": "manifest"}), folder)] == ["a", "b"]
