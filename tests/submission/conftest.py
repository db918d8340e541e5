"""One machine with accepted records and a run to submit, shared by all tests of submissions."""

import shutil
from pathlib import Path

import pytest
from submission.packs import Place, add_source, place


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
