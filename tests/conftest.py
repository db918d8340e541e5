"""What many tests share: the width of the terminal, and a machine with a run to submit."""

import os
import shutil
from pathlib import Path

import pytest
from support.packs import Place, add_source, place

os.environ["COLUMNS"] = "120"  # also of the processes that tests start


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Not to be changed."""
    found = place(tmp_path_factory.mktemp("machine"))
    add_source(found, "own_encoder")
    found.run("run", "own_encoder")
    return found


@pytest.fixture
def machine(here: Place, tmp_path: Path) -> Place:
    """A copy that may be changed."""
    shutil.copytree(here.root, tmp_path / "machine")
    return Place(tmp_path / "machine", here.registry, here.board)
