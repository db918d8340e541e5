"""Work on several cores, where there is enough of it to pay for starting processes."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from importlib import import_module
from types import TracebackType
from typing import TypeVar

from benchmark.data.parallel import cores

Item = TypeVar("Item")
Result = TypeVar("Result")
SETTINGS = {  # of each process
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "MALLOC_MMAP_THRESHOLD_": str(2**25),  # glibc: memory of one array is used for the next
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
}


class Workers(AbstractContextManager["Workers"]):
    """Processes that are started when they are first needed and end with the context."""

    def __init__(self, jobs: int | None = None) -> None:
        """Say how many at most; None stands for the cores that this process may use."""
        self.jobs = cores() if jobs is None else jobs
        self._pool: ProcessPoolExecutor | None = None

    def map(
        self, work: Callable[[Item], Result], items: Sequence[Item], *, worth: bool
    ) -> Iterator[Result]:
        """Results in the order of the items.

        Args:
            work: A function of a module, so that other processes find it.
            items: What to work on.
            worth: Whether the work takes longer than a second or two in one process.
        """
        if self.jobs < 2 or len(items) < 2 or not (worth or self._pool):
            return map(work, items)
        return self._started().map(work, items)

    def start(self) -> None:
        """Start them now, so that they are ready when there is work."""
        if self.jobs > 1:
            self._started()

    def prepare(self, module: str) -> None:
        """Have those that run import a module once they have nothing else to do."""
        if self._pool is not None:
            for _ in range(self.jobs):
                self._pool.submit(import_module, module)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # none of its work leaves cycles:
            self._pool = ProcessPoolExecutor(self.jobs, context, gc.disable)  # a tenth faster
            before = {name: os.environ.get(name) for name in SETTINGS}
            os.environ.update(SETTINGS)  # with two busy threads a core, both wait
            try:
                for _ in range(self.jobs):
                    self._pool.submit(os.getpid)
            finally:
                for name, value in before.items():
                    if value is None:
                        del os.environ[name]
                    else:
                        os.environ[name] = value
        return self._pool

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes; what they have not begun is dropped."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
