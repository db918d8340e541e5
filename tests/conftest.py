"""What many tests share: one thread per process, and a machine with a run to submit."""

import gc
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.cores import pin_to_one_core

if TYPE_CHECKING:
    from support.packs import Machine

# Also of the processes that tests start, and before anything imports NumPy or torch.
os.environ["COLUMNS"] = "120"
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

gc.disable()  # until the tests are found: what imports make stays


def pytest_collection_finish() -> None:
    """Look for garbage again, but never among what was imported: that takes 0.3 s each time."""
    gc.freeze()
    gc.enable()


def _no_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections but to this machine; tests of downloads have a server of their own.

    To connect a datagram socket sends nothing: Ray asks so for the address of this machine.
    """
    if event == "socket.connect" and arguments[0].type != socket.SOCK_DGRAM:
        host = arguments[1][0] if isinstance(arguments[1], tuple) else "localhost"
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host not in (None, "", b"", "localhost", "127.0.0.1", "::1", "0.0.0.0", b"localhost"):
        raise ConnectionRefusedError(f"tests use no network, but something asks for {host!r}")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse the network, and pin each test process.

    The process that only distributes tests leaves the pinning to its workers.
    """
    sys.addaudithook(_no_network)
    if not config.getoption("numprocesses", None):
        pin_to_one_core(os.environ.get("PYTEST_XDIST_WORKER", ""))


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Local data that tests share: what one prepared or pretrained, the others find.

    Nothing that is there may be changed or removed.
    """
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> "Machine":
    """A machine with a finished run of `own_encoder`; not to be changed."""
    from support.packs import add_source, make_machine

    made = make_machine(tmp_path_factory.mktemp("machine"))
    add_source(made, "own_encoder")
    made.run("run", "own_encoder")
    return made


@pytest.fixture
def machine_copy(machine: "Machine", tmp_path: Path) -> "Machine":
    """A copy of the machine that may be changed."""
    shutil.copytree(machine.root, tmp_path / "machine")
    return type(machine)(tmp_path / "machine", machine.registry, machine.board)


@pytest.fixture(scope="session")
def shared_pack(machine: "Machine", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `own_encoder` as a pack without label maps; not to be changed."""
    from support.packs import make_pack

    return make_pack(machine, tmp_path_factory.mktemp("packs") / "pack")


@pytest.fixture
def pack(shared_pack: Path, tmp_path: Path) -> Path:
    """A copy of the pack that may be changed."""
    return Path(shutil.copytree(shared_pack, tmp_path / "pack"))
