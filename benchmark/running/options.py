"""The options of a run, and the monitor that it reports to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmark.workers import Listened

GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class RayTask:
    """What each cell asks of the cluster.

    Attributes:
        cpus: CPUs; as many threads work on the cell, at least one.
        gpus: GPUs, at most one. A fraction shares it: Ray counts it, but neither memory nor time of
            the GPU is divided, so that timings are those of a shared GPU. Without any, the device
            is the CPU: Ray does not hide GPUs from tasks that asked for none.
        memory_gib: Memory in GiB that Ray sets aside; 0 asks for none.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    memory_gib: float = 0.0

    @property
    def device(self) -> str:
        """The device of a cell."""
        return "cuda" if self.gpus else "cpu"

    @property
    def threads(self) -> int:
        """CPU threads of a cell."""
        return max(1, int(self.cpus))

    @property
    def resources(self) -> dict[str, float]:
        """Its resources as Ray names them, of which there is more than none."""
        needs = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory_gib * GIB}
        return {name: amount for name, amount in needs.items() if amount}


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How cells are run; none of it is a condition of a result.

    Attributes:
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        jobs: How many cells are run in parallel, each in a process of its own.
        threads: CPU threads of each job; None stands for OMP_NUM_THREADS, or cores / jobs. All
            cells of a run have the same number, on which rounding depends.
        allow_partial: Accept weights that do not cover the network; such records are marked.
        retry_failed: Run cells and sequences again whose training diverged.
        pictures: Draw the best, median and worst test case of each cell.
        save_predictions: Keep the label maps of all test cases, not only their hashes.
        ray: Run them as tasks of a Ray cluster, which states device and threads; `jobs` has no
            effect then.
    """

    device: str = "auto"
    jobs: int = 1
    threads: int | None = None
    allow_partial: bool = False
    retry_failed: bool = False
    pictures: bool = True
    save_predictions: bool = False
    ray: RayTask | None = None

    @property
    def gpu_shared(self) -> str:
        """How cells share a GPU, for the names of devices in records; empty if each has its own."""
        if self.ray:
            return f"{self.ray.gpus:g} of it" if 0 < self.ray.gpus < 1 else ""
        return f"{self.jobs} cells at a time" if self.jobs > 1 else ""


class RunMonitor:
    """Receives what a run reports; this one shows nothing, the command line shows it."""

    def report(self, line: str) -> None:
        """One line on what was found finished, copied or marked."""

    @contextmanager
    def counting(
        self, what: str, workers: Listened, total: int, done: int
    ) -> Iterator[Callable[[], None]]:
        """Count results while they come.

        Args:
            what: What is counted: sources, cells or sequences.
            workers: Their `listeners` receive the progress of each process.
            total: How many there are.
            done: How many were finished before.

        Yields:
            Is called after each result.
        """
        yield lambda: None
