"""Where cells are run: in this process, or in several local ones."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import torch

from benchmark.cards.registry import Registry
from benchmark.records.record import RunRecord
from benchmark.running.cell import Progress, run_cell
from benchmark.running.plan import Transfer


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is CUDA where there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def set_threads(jobs: int) -> None:
    """Threads of this process = cores / jobs; more would make all of them wait."""
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // jobs))


def run_local(
    transfers: Sequence[Transfer],
    registry: Registry,
    home: Path,
    *,
    device: str,
    jobs: int,
    allow_partial: bool,
    progress: Progress,
) -> Iterator[RunRecord]:
    """Run cells one after the other, or `jobs` at a time in processes of their own."""
    if jobs == 1:
        set_threads(1)
        for transfer in transfers:
            yield run_cell(
                transfer,
                registry,
                home,
                choose_device(device),
                allow_partial=allow_partial,
                progress=progress,
            )
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=set_threads, initargs=(jobs,)) as pool:
        futures = [
            pool.submit(_run_one, transfer, registry, home, device, allow_partial)
            for transfer in transfers
        ]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _run_one(
    transfer: Transfer, registry: Registry, home: Path, device: str, allow_partial: bool
) -> RunRecord:
    return run_cell(transfer, registry, home, choose_device(device), allow_partial=allow_partial)
