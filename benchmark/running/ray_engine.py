"""Cells as tasks of a Ray cluster (extra `ray`): their files come back and are written here alone.

Plain tasks, without a runtime environment or a working directory: the nodes have segtransfer
installed, and the folder of local data at the same path. Ray runs a task again whose worker or node
is lost, and never one that raised an error. The cell is claimed here while its task is under way.
"""

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from benchmark.errors import BenchmarkError, ProtocolError, in_one_line
from benchmark.files import write_bytes
from benchmark.owners import HOST
from benchmark.records.record_pack import KINDS
from benchmark.running.attempts import RunOne
from benchmark.running.options import GIB, RayTask
from benchmark.running.ray_cluster import LOOK_S, LostNodes, connect, count_room, import_ray
from benchmark.workers import Item, Progress, Result, configure_process, no_progress, unpickled
from benchmark.workspace import Workspace

RETRIES = 3  # of a task whose worker or node is lost
SHOWN = 8  # cells under way that have a progress bar


class TaskLost(BenchmarkError):
    """A task gave neither a result nor an error: its nodes were lost, or it was cancelled."""


class RayWorkers(AbstractContextManager["RayWorkers"]):
    """Has functions called on a cluster; a thread of this process waits for each call.

    Attributes:
        jobs: How many listeners there may be.
        listeners: Each is called with the progress of one of the calls under way.
    """

    def __init__(self, task: RayTask, threads: int | None = None) -> None:
        """Connect to the cluster of RAY_ADDRESS, or start one on this machine.

        Args:
            task: What a call asks of the cluster.
            threads: CPU threads of a call; None stands for those of the task.

        Raises:
            ProtocolError: Ray is not installed, no cluster answers, or no node has what is asked.
        """
        ray = import_ray()
        self._connected = not ray.is_initialized()
        if self._connected:
            connect(ray)
        capacity = count_room(task, ray)
        self.jobs = min(capacity, SHOWN)
        self.listeners: Sequence[Progress] = (no_progress,)
        self._threads = threads or task.threads
        self._task = ray.remote(
            num_cpus=task.cpus, num_gpus=task.gpus, memory=int(task.memory_gib * GIB) or None,
            max_retries=RETRIES,
        )(_run_task)  # fmt: skip
        self._packed = cache(lambda function: ray.put(pickle.dumps(function)))
        self._nodes = LostNodes(task)
        self._under_way, self._ended, self._lock = set[Any](), False, Lock()
        self._pool = ThreadPoolExecutor(capacity)
        self._slots: SimpleQueue[int] = SimpleQueue()
        for slot in range(capacity):
            self._slots.put(slot)

    def as_completed(
        self, work: Callable[[Item, Progress], Result], items: Sequence[Item]
    ) -> "Iterator[tuple[Item, Future[Result]]]":
        """Each item with its result or error, as they come; the work makes calls."""
        item_of = {self.submit(work, item): item for item in items}
        for future in as_completed(item_of):
            yield item_of[future], future

    def submit(self, work: Callable[[Item, Progress], Result], item: Item) -> "Future[Result]":
        """The result of one item, to come."""
        return self._pool.submit(self._in_slot, work, item)

    def call(self, function: Callable[[Item], Result], item: Item) -> Result:
        """Have a function called on the cluster, and wait for its result.

        Raises:
            TaskLost: Its worker or node was lost again and again, or everything ends.
            Exception: What the function raised.
        """
        ray = import_ray()
        with self._lock:
            if self._ended:
                raise TaskLost("stopped")
            reference = self._task.remote(
                self._packed(function), pickle.dumps(item), self._threads, software()
            )
            self._under_way.add(reference)
        try:
            while not ray.wait([reference], timeout=LOOK_S)[0]:
                self._nodes.look(ray)
            kind, value = ray.get(reference)
        except ray.exceptions.RayError as error:
            raise TaskLost(f"its Ray task was lost: {in_one_line(error)}") from None
        finally:
            self._under_way.discard(reference)
        if kind == "error":
            raise value
        result: Result = value
        return result

    def calling(self, function: Callable[[Item], Result]) -> Callable[[Item, Progress], Result]:
        """Work for `as_completed`: the function called on the cluster."""
        return lambda item, progress: self.call(function, item)

    def running(self, run_one: RunOne) -> RunOne:
        """As `run_one`, on the cluster; its files are written into the folder here."""

        def run(folder: Path, item: Any, progress: Progress) -> None:
            """Run the item on the cluster, then write its files into the folder."""
            files = self.call(_Scratch(run_one), item)
            for name in sorted(files, key=lambda name: name.startswith(KINDS)):  # the record last
                write_bytes(folder / name, files[name])

        return run

    def __exit__(self, *raised: object) -> None:
        """Cancel what is under way, and leave the cluster; one that was started here ends."""
        ray = import_ray()
        with self._lock:
            self._ended = True
            for reference in self._under_way:
                ray.cancel(reference, force=True)
        self._pool.shutdown(cancel_futures=True)
        if self._connected:
            ray.shutdown()

    def _in_slot(self, work: Callable[[Item, Progress], Result], item: Item) -> Result:
        slot = self._slots.get()
        try:
            return work(item, self.listeners[slot] if slot < len(self.listeners) else no_progress)
        finally:
            self._slots.put(slot)


@dataclass(frozen=True)
class _Scratch:
    """Runs a cell in a folder of its own; gives the content of its files by path."""

    run_one: RunOne

    def __call__(self, item: Any) -> dict[str, bytes]:
        with TemporaryDirectory() as name:
            folder = Path(name)
            self.run_one(folder, item, no_progress)
            paths = [path for path in folder.rglob("*") if path.is_file()]
            return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def absolute(workspace: Workspace) -> Workspace:
    """The workspace with paths that mean the same in every process."""
    folders = {name: path.absolute() for name, path in workspace.registry.folders.items()}
    registry = replace(workspace.registry, folders=folders)
    return replace(workspace, registry=registry, home=workspace.home.absolute())


@cache
def software() -> dict[str, str]:
    """Releases of what a result depends on; builds of torch for CPUs and GPUs are one release."""
    names = ("segtransfer", "torch", "numpy", "timm", "segmentation-models-pytorch", "monai")
    return {name: version(name).partition("+")[0] for name in names}


def _run_task(
    function: bytes, item: bytes, threads: int, wanted: dict[str, str]
) -> tuple[str, Any]:
    """A task: the result of a function, or its error. Nothing is imported before this begins.

    A node that has other releases than those `wanted` refuses it.
    """
    for name, release in software().items():
        if release != wanted[name]:
            return "error", ProtocolError(
                f"{HOST} has {name} {release}, the command {wanted[name]}; install the same there"
            )
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    configure_process()
    from benchmark.running.devices import set_threads  # torch, after its environment is set

    set_threads(threads)
    try:
        return "result", unpickled(function)(pickle.loads(item))
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            error = RuntimeError(f"{type(error).__name__}: {error}")
        return "error", error
