"""Cells on a Ray cluster: the records of the local engine, whatever is lost on the way."""

import os
import pickle
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from packaging.version import Version
from support.factories import two_steps
from support.ray_cluster import SMALL, ray_cluster

import benchmark.running.ray_cluster as ray_cluster_module
import benchmark.running.ray_engine as engine
from benchmark.errors import DataError, ProtocolError
from benchmark.files import write_bytes
from benchmark.planning.transfers import GridSelection
from benchmark.records.store import Store, read_record
from benchmark.running.board import run_board
from benchmark.running.options import RayTask, RunOptions

LOCAL = RunOptions(device="cpu", pictures=False, threads=1)


def test_device_and_threads_are_stated() -> None:
    """Ray no longer hides GPUs from tasks that asked for none."""
    assert (RayTask().device, RayTask(gpus=0.25).device) == ("cpu", "cuda")
    assert [RayTask(cpus=cpus).threads for cpus in (0.5, 1, 3.5)] == [1, 1, 3]


class Unpicklable(Exception):
    def __init__(self, first: int, second: int) -> None:
        super().__init__("cannot be made from its message")


def fail(kind: str) -> None:
    raise DataError("gone") if kind == "ours" else Unpicklable(1, 2)


@pytest.mark.parametrize(("kind", "error"), [("ours", DataError), ("other", RuntimeError)])
def test_an_error_of_a_task_comes_back(
    kind: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    work, item = pickle.dumps(fail), pickle.dumps(kind)
    answer, found = engine._run_task(work, item, 1, engine.software())
    assert answer == "error" and type(found) is error and str(found)


def test_a_node_with_another_release_refuses_the_cell() -> None:
    wanted = engine.software() | {"torch": "1.0"}
    answer, error = engine._run_task(b"", b"", 1, wanted)
    assert answer == "error" and isinstance(error, ProtocolError)
    assert re.search(r"has torch \d\S+, the command 1\.0; install", str(error))


def run_tasks() -> list[int]:
    """Worker processes below this one that work on a cell."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "cmdline").read_bytes().startswith(b"ray::_run_task") and _is_ours(path):
                found.append(int(path.name))
        except (OSError, ValueError):
            continue
    return found


def _is_ours(path: Path) -> bool:
    number = int((path / "stat").read_text().rpartition(")")[2].split()[1])
    return number == os.getpid() or (number > 1 and _is_ours(Path("/proc") / str(number)))


def wait_for(what: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)
    return found


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head without CPUs and two nodes of one CPU each, on this machine.

    They are at an address of it to which tests may not connect.
    """
    unchecked = patch("benchmark.running.ray_cluster._check_listening")
    with ray_cluster(nodes=2) as made, unchecked:
        yield made


@pytest.fixture
def served() -> Iterator[None]:
    """A node of one CPU that is reached through Ray's server for clients."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = patch.dict(os.environ, RAY_ADDRESS=f"ray://127.0.0.1:{port}")
    with ray_cluster(num_cpus=1, ray_client_server_port=port), client:
        yield


def assert_equal(folder: Path, expected: Store) -> None:
    """Records and predictions are those of the local engine."""
    assert Store(folder).files() == expected.files()
    for name in expected.files():
        one, other = (read_record(path / "records" / name) for path in (folder, expected.folder))
        assert one.without_timings() == other.without_timings()
        assert one.environment.threads == 1
        hashes = [(path / "predictions" / name).read_bytes() for path in (folder, expected.folder)]
        assert hashes[0] == hashes[1]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_grid_is_run_through_a_client(served: None, shared_home: Path, tmp_path: Path) -> None:
    workspace, board = two_steps(shared_home, seeds=(0,))
    expected = run_board(workspace, board, folder=tmp_path / "local", options=LOCAL)
    options = RunOptions(pictures=False, ray=RayTask())
    run_board(workspace, board, folder=tmp_path / "ray", options=options)
    assert_equal(tmp_path / "ray", expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_loss_of_all_nodes_is_said_and_another_node_goes_on(
    cluster: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if Version(version("ray")) < Version("2.60"):
        pytest.skip("pip install 'ray[client]>=2.60': with 2.40 on one machine the command may be "
                    "attached to a node that this test kills")  # fmt: skip
    for module in (engine, ray_cluster_module):
        monkeypatch.setattr(module, "LOOK_S", 0.5)
    with engine.RayWorkers(RayTask()) as workers:
        task = workers.submit(lambda item, _: workers.call(time.sleep, item), 5.0)
        wait_for(run_tasks)
        for node in cluster.list_all_nodes()[1:]:
            cluster.remove_node(node, allow_graceful=False)
        wait_for(lambda: caplog.messages)
        assert "no node of the Ray cluster has 1 CPU" in caplog.messages[0]
        cluster.add_node(num_cpus=1, **SMALL)
        task.result(180)
    assert len(caplog.messages) == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_worker_and_a_node_are_lost_in_mid_grid(
    cluster: Any, shared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every cell is written once, here, and equals that of the local engine."""
    workspace, board = two_steps(shared_home, seeds=(0, 1, 2))
    expected = run_board(workspace, board, GridSelection(), tmp_path / "local", options=LOCAL)
    written = list[str]()

    def noted(path: Path, content: bytes) -> None:
        written.append(path.relative_to(tmp_path / "ray").as_posix())
        write_bytes(path, content)

    monkeypatch.setattr(engine, "write_bytes", noted)
    options = RunOptions(pictures=False, ray=RayTask())
    errors = list[BaseException]()

    def run() -> None:
        try:
            run_board(workspace, board, GridSelection(), tmp_path / "ray", options=options)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    worker = wait_for(lambda: errors or (written and run_tasks()))[0]
    assert not errors, errors
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: errors or len(written) > 4)
    cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
    thread.join(180)
    assert not thread.is_alive() and not errors
    records = [name for name in written if name.startswith("records/")]
    assert sorted(records) == [f"records/{name}" for name in expected.files()]
    assert_equal(tmp_path / "ray", expected)
    assert [path.name for path in (tmp_path / "ray" / ".claims").iterdir()] == [".lock"]
