"""The worked example of docs/own-data-set.md, typed as it stands there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from benchmark.phantoms.catalogue import make_case

PAGE = Path(__file__).parents[2] / "docs" / "own-data-set.md"


def block(text: str, kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def test_the_worked_example(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    card = tmp_path / "cards/datasets/my_heads/dataset.yaml"
    card.parent.mkdir(parents=True)
    card.write_text(block(text, "yaml"))
    for kind in ("scans", "masks"):
        (tmp_path / kind).mkdir()
    for patient in range(10):
        for frame in (1, 2):
            case = make_case("fetal_head", seed=5, index=10 * frame + patient, size=96)
            name = f"p{patient:02d}_{frame}.png"
            Image.fromarray(case.image.astype(np.uint8)).save(tmp_path / "scans" / name)
            Image.fromarray(255 * case.mask).save(tmp_path / "masks" / name)
    outputs = []
    for line in block(text, "sh").splitlines():
        program, *words = shlex.split(line)
        assert program == "segtransfer"
        done = subprocess.run(
            [sys.executable, "-m", "benchmark", "--home", str(tmp_path / "home"), *words],
            capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "COLUMNS": "120"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert "my_heads: 20 cases of 10 subjects" in outputs[0]
    assert {path.name for path in (tmp_path / "preview").iterdir()} == {
        f"my_heads_{subset}.png" for subset in ("train", "val", "test")
    }
    assert "my_heads" in outputs[2] and "UNRANKED" in outputs[2]
