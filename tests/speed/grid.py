"""What a grid costs besides its cells: claims, records and progress of cells that do nothing.

    PYTHONPATH=tests python -m speed.grid [CELLS]

The cells are those of a board whose work is replaced by writing a finished record; everything else
is what `segtransfer run` does.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from support.factories import make_record, two_steps

from benchmark.cli.monitor import seconds_left
from benchmark.files import sync
from benchmark.planning.transfers import GridSelection, Transfer
from benchmark.records.store import Store
from benchmark.running.board import run_board
from benchmark.running.session import RunMonitor, RunOptions
from benchmark.workers import Listened, Progress, cores
from benchmark.workspace import Workspace

CASES = {f"s{number}": 0.5 for number in range(30)}


def write_a_record(
    workspace: Workspace, options: RunOptions, folder: Path, transfer: Transfer, progress: Progress
) -> None:
    """In place of a cell."""
    record = make_record(dice=CASES)
    facts = {"cell": transfer.cell, "key": transfer.key, "fingerprints": transfer.fingerprints}
    Store(folder).write(record.model_copy(update=facts))


class Clock(RunMonitor):
    """Notes the time and the memory of this process after each cell."""

    def __init__(self) -> None:
        self.times = list[float]()
        self.cpu = list[float]()
        self.mib = list[float]()

    @contextmanager
    def counting(
        self, what: str, workers: Listened, total: int, done: int
    ) -> Iterator[Callable[[], None]]:
        self.times.append(time.perf_counter())

        def count() -> None:
            self.times.append(time.perf_counter())
            self.cpu.append(time.process_time())
            self.mib.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

        yield count


def sync_seconds(folder: Path, times: int = 50) -> float:
    """Mean time to write 16 KB and have them on the disk."""
    begun = time.perf_counter()
    for _ in range(times):
        (folder / "file").write_bytes(b"x" * 2**14)
        sync(folder / "file")
    return (time.perf_counter() - begun) / times


def measure(cells: int, jobs: int, root: Path) -> dict[str, float]:
    """Overhead of a grid of so many cells; the second run finds them all done."""
    workspace, board = two_steps(root / "home", seeds=tuple(range(cells // 2)))
    options, clock = RunOptions(device="cpu", jobs=jobs, threads=1), Clock()
    with patch("benchmark.running.cell.run_and_record", write_a_record):
        run_board(workspace, board, GridSelection(), root / "run", options=options, monitor=clock)
    begun = time.perf_counter()
    run_board(workspace, board, GridSelection(), root / "run", options=options)
    again = time.perf_counter() - begun
    first, *times = clock.times
    tenth = len(times) // 10
    left = seconds_left(times[:tenth], len(times) - tenth) or 0.0
    return {
        "cells": cells,
        "jobs": jobs,
        "milliseconds a cell": round(1e3 * (times[-1] - times[0]) / (len(times) - 1), 2),
        "of which CPU of this process": round(
            1e3 * (clock.cpu[-1] - clock.cpu[0]) / (len(times) - 1), 2
        ),
        "milliseconds until one file is on the disk": round(1e3 * sync_seconds(root), 2),
        "seconds until the first cell": round(times[0] - first, 2),
        "seconds when all is done": round(again, 2),
        "remaining time after a tenth, ratio to the truth": round(
            left / (times[-1] - times[tenth - 1]), 3
        ),
        "MiB after a tenth": round(clock.mib[tenth - 1], 1),
        "MiB at the end": round(clock.mib[-1], 1),
    }


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{cores()} cores, load {os.getloadavg()[0]:.1f}")
    for processes in (1, 2):
        with TemporaryDirectory() as folder:
            print(json.dumps(measure(count, processes, Path(folder)), indent=1))
