"""What many tests share: one thread per process, and a machine with a run to submit."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.cores import pin_to_one_core

if TYPE_CHECKING:
    from support.packs import Place

# Also of the processes that tests start, and before anything imports NumPy or torch.
os.environ["COLUMNS"] = "120"
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"


def pytest_configure(config: pytest.Config) -> None:
    """Pin each test process; the process that only distributes tests leaves that to its workers."""
    if not config.getoption("numprocesses", None):
        pin_to_one_core(os.environ.get("PYTEST_XDIST_WORKER", ""))


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Local data that tests share: what one prepared or pretrained, the others find.

    Nothing that is there may be changed or removed.
    """
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> "Place":
    """Not to be changed."""
    from support.packs import add_source, place

    found = place(tmp_path_factory.mktemp("machine"))
    add_source(found, "own_encoder")
    found.run("run", "own_encoder")
    return found


@pytest.fixture
def machine(here: "Place", tmp_path: Path) -> "Place":
    """A copy that may be changed."""
    shutil.copytree(here.root, tmp_path / "machine")
    return type(here)(tmp_path / "machine", here.registry, here.board)
