"""Manifests: one row per case."""

from pathlib import Path

import numpy as np
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
