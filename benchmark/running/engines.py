"""Where cells and pretrainings are run: in this process, or in several local ones."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.queues import SimpleQueue
from threading import Thread
from typing import TypeVar

import torch

from benchmark.data.parallel import cores
from benchmark.errors import ProtocolError
from benchmark.running.cell import Progress, unheard

Task = TypeVar("Task")
Result = TypeVar("Result")
Told = tuple[int, str, int, int]  # process, stage, done, total


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is CUDA where there is one, else the CPU.

    Raises:
        ProtocolError: The name is none of a CPU or a CUDA device, or this machine has no such.
    """
    found = torch.cuda.device_count()
    if name == "auto":
        name = "cuda" if found else "cpu"
    kind, _, number = name.partition(":")
    if name != "cpu" and (kind != "cuda" or not (name == kind or number.isdecimal())):
        raise ProtocolError(f"unknown device {name!r}; type --device auto, cpu, cuda or cuda:N")
    if kind == "cuda" and int(number or 0) >= found:
        here = ", ".join(["cpu", *(f"cuda:{one}" for one in range(found))])
        raise ProtocolError(
            f"no device {name!r} that torch {torch.__version__} can use; here: {here}"
        )
    return torch.device(name)


def set_threads(jobs: int) -> None:
    """Threads of this process = cores / jobs; more would make all of them wait."""
    torch.set_num_threads(max(1, cores() // jobs))


class Workers:
    """One task after the other, or several at a time in processes that start when needed.

    Each of the `listeners` hears of the stages of one task at a time.
    """

    def __init__(self, jobs: int = 1, listeners: Sequence[Progress] = (unheard,)) -> None:
        """So many tasks at a time."""
        self.jobs, self.listeners = jobs, listeners
        self._pool: ProcessPoolExecutor | None = None
        self._heard: SimpleQueue[Told | None] | None = None
        self._listening: Thread | None = None

    def __enter__(self) -> "Workers":
        """Nothing is started yet."""
        return self

    def __exit__(self, *raised: object) -> None:
        """End the processes; after an error without waiting for what they do."""
        whole = raised[0] is None
        if self._pool is not None:
            self._pool.shutdown(wait=whole, cancel_futures=True)
        if self._heard and self._listening and whole:
            self._heard.put(None)  # after an error a process that died may hold its lock
            self._listening.join()

    def each(
        self, work: Callable[[Task, Progress], Result], tasks: Sequence[Task]
    ) -> Iterator[Result]:
        """Results as they come; a single task is worked at here."""
        if min(self.jobs, len(tasks)) < 2:
            for task in tasks:
                yield work(task, self.listeners[0])
            return
        pool = self._started()
        for future in as_completed([pool.submit(_told, work, task) for task in tasks]):
            yield future.result()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._heard = heard = context.SimpleQueue()
            self._pool = ProcessPoolExecutor(self.jobs, context, _start_worker, (self.jobs, heard))
            self._listening = Thread(target=self._listen, args=(heard,), daemon=True)
            self._listening.start()
        return self._pool

    def _listen(self, heard: "SimpleQueue[Told | None]") -> None:
        """Pass on what the processes tell, the first of them to the first listener and so on."""
        places: dict[int, int] = {}
        while (told := heard.get()) is not None:
            process, stage, done, total = told
            place = places.setdefault(process, len(places)) % len(self.listeners)
            self.listeners[place](stage, done, total)


def _start_worker(jobs: int, tell: "SimpleQueue[Told | None]") -> None:
    """Threads of this worker; Ctrl-C ends it at once and without a traceback."""
    global _tell
    _tell = tell
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    set_threads(jobs)


_tell: "SimpleQueue[Told | None] | None" = None  # of a worker process


def _told(work: Callable[[Task, Progress], Result], task: Task) -> Result:
    """The work of one task, in a worker that tells its stages."""

    def progress(stage: str, done: int, total: int) -> None:
        assert _tell is not None
        _tell.put((os.getpid(), stage, done, total))

    return work(task, progress)
