"""Where cells are run: in this process, or in several local ones."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmark.cards.registry import Registry
from benchmark.records.record import RunRecord
from benchmark.running.cell import Progress, run_cell, unheard
from benchmark.running.plan import Transfer


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is CUDA where there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def set_threads(jobs: int) -> None:
    """Threads of this process = cores / jobs; more would make all of them wait."""
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // jobs))


@dataclass(frozen=True, kw_only=True)
class Engine:
    """How cells are run; none of it is part of a result's conditions.

    `allow_partial` admits weights that do not cover the network; such records are marked.
    `pictures` is the folder in which some cases of each cell are drawn; None draws nothing.
    `predictions` is the folder for hashes of the predictions, and with `save_predictions` for the
    label maps; None keeps neither.
    """

    device: str = "auto"
    jobs: int = 1
    allow_partial: bool = False
    pictures: Path | None = None
    predictions: Path | None = None
    save_predictions: bool = False

    def run(
        self, transfers: Sequence[Transfer], registry: Registry, home: Path, progress: Progress
    ) -> Iterator[RunRecord]:
        """Records as they come: one cell after the other, or `jobs` processes at a time.

        `progress` hears of the stages of a cell only where one is run at a time.
        """
        if self.jobs == 1:
            set_threads(1)
            for transfer in transfers:
                yield self._run_one(transfer, registry, home, progress)
            return
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self.jobs, context, _start_worker, (self.jobs,))
        try:
            todo = [pool.submit(self._run_one, transfer, registry, home) for transfer in transfers]
            for future in as_completed(todo):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _run_one(
        self, transfer: Transfer, registry: Registry, home: Path, progress: Progress = unheard
    ) -> RunRecord:
        return run_cell(
            transfer,
            registry,
            home,
            choose_device(self.device),
            allow_partial=self.allow_partial,
            pictures=self.pictures,
            predictions=self.predictions,
            save_predictions=self.save_predictions,
            progress=progress,
        )


def _start_worker(jobs: int) -> None:
    """Threads of this worker; Ctrl-C ends it at once and without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    set_threads(jobs)
