"""Work on several cores: threads for reading, one pool of processes, and progress.

Decompression, decoding, resizing and NumPy release the interpreter's lock, so threads are enough
for reading. Fine-tuning and statistics run in processes.
"""

import ctypes
import os
import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, suppress
from functools import lru_cache, partial
from importlib import import_module
from typing import Any, Protocol, TypeVar

from benchmark.processes import ProcessPool, tell_parent

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[str, int, int], None]  # stage, done, total (0 where it is unknown)
ProgressEvent = tuple[str, int, int]
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}  # a thread that waits, sleeps
ENVIRONMENT = dict.fromkeys(  # of each process: with two busy threads a core, both wait
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
unpickled = lru_cache(maxsize=2)(pickle.loads)  # one function for all items, with all cards
ALLOCATOR = {-4: 0, -1: 2**31 - 1, -2: 2**26}  # glibc: M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD


def no_progress(stage: str, done: int, total: int) -> None:
    """Progress that is not shown."""


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows pin no process


def threads_for(jobs: int, threads: int | None = None) -> int:
    """Threads of each of so many processes: as given, or OMP_NUM_THREADS, or cores / jobs."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    if threads is None and limit.isdecimal():
        threads = int(limit)
    return max(1, cores() // jobs if threads is None else threads)


def configure_process() -> None:
    """Let threads sleep while they wait, and use the memory of one array for the next.

    Threads that are busy while they wait take the cores that the awaited threads need. glibc
    gives the memory of a large array back to the system and requests it anew for the next array.
    OpenMP reads the environment when torch is imported: call this before.
    """
    for name, value in PASSIVE.items():
        os.environ.setdefault(name, value)
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            for parameter, amount in ALLOCATOR.items():
                ctypes.CDLL(None).mallopt(parameter, amount)


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> Iterator[Result]:
    """Results of threads in the order of the items; at most two a thread are under way or wait.

    The items are taken in the calling thread. There is a thread for each core, or as many as given.
    An error of `work` comes when its item is due; what has not begun by then never does.
    """
    threads = threads or cores()
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # without waiting: results that nobody takes may end in a thread of the pool itself
        pool.shutdown(wait=False, cancel_futures=True)


class Listened(Protocol):
    """What works elsewhere and tells its progress; see `Workers`."""

    jobs: int
    listeners: Sequence[Progress]


class Workers(AbstractContextManager["Workers"]):
    """Processes that are started when they are first needed and end with the context.

    Attributes:
        jobs: How many processes at most; 1 works in this process alone.
        listeners: Each is called with the progress of one process.
    """

    def __init__(
        self,
        jobs: int | None = None,
        initialise: Callable[[], object] = int,
        listeners: Sequence[Progress] = (no_progress,),
    ) -> None:
        """Start nothing yet.

        Args:
            jobs: How many processes; None stands for the cores that this process may use.
            initialise: Called once in each process; a function of a module.
            listeners: See the class.
        """
        self.jobs, self.listeners = cores() if jobs is None else jobs, listeners
        self._initialise = initialise
        self._pool: ProcessPool | None = None

    def map(
        self, work: Callable[[Item], Result], items: Sequence[Item], *, parallel: bool
    ) -> Iterator[Result]:
        """Results in the order of the items.

        Args:
            work: A function of a module, so that other processes find it.
            items: What to work on.
            parallel: Whether the work takes longer than starting processes, a second or two.
        """
        if self.jobs < 2 or len(items) < 2 or not (parallel or self._pool):
            return map(work, items)
        return self._started().map(work, items)

    def as_completed(
        self, work: Callable[[Item, Progress], Result], items: Sequence[Item]
    ) -> "Iterator[tuple[Item, Future[Result]]]":
        """Each item with its result or error, as they come, with progress to the listeners.

        One item alone is worked on in this process. A process that dies is replaced, and its item
        has the error `WorkerDied`.
        """
        if min(self.jobs, len(items)) < 2:
            for item in items:
                yield item, _done(work, item, self.listeners[0])
            return
        pool, pickled = self._started(), pickle.dumps(work)
        item_of = {pool.submit(_reporting, pickled, item): item for item in items}
        for future in as_completed(item_of):
            yield item_of[future], future

    def submit(self, work: Callable[[Item, Progress], Result], item: Item) -> "Future[Result]":
        """The result of one item, to come; without other processes, it is there on return."""
        if self.jobs < 2:
            return _done(work, item, self.listeners[0])
        return self._started().submit(_reporting, pickle.dumps(work), item)

    def start(self) -> None:
        """Start the processes now, so that they are ready when there is work."""
        if self.jobs > 1:
            self._started()

    def prepare(self, module: str) -> None:
        """Have those that run import a module once they have nothing else to do."""
        if self._pool is not None:
            for _ in range(self.jobs):
                self._pool.submit(import_module, module)

    def __exit__(self, *raised: object) -> None:
        """End the processes and drop what has not begun; after an error without waiting."""
        if self._pool is not None:
            self._pool.shutdown(wait=raised[0] is None, cancel_futures=True)

    def _started(self) -> ProcessPool:
        if self._pool is None:
            initialise = partial(_start_process, self._initialise)
            self._pool = ProcessPool(self.jobs, initialise, ENVIRONMENT, self._listen)
        return self._pool

    def _listen(self, process: int, event: ProgressEvent) -> None:
        """Pass on the events, of the first process to the first listener and so on."""
        self.listeners[process % len(self.listeners)](*event)


def _done(
    work: Callable[[Item, Progress], Result], item: Item, progress: Progress
) -> "Future[Result]":
    future: Future[Result] = Future()
    try:
        future.set_result(work(item, progress))
    except Exception as error:
        future.set_exception(error)
    return future


def _start_process(initialise: Callable[[], object]) -> None:
    configure_process()
    initialise()


def _reporting(work: bytes, item: Any) -> Any:
    """The work, a pickled function, on one item in a process that reports its progress."""
    return unpickled(work)(item, lambda stage, done, total: tell_parent((stage, done, total)))
