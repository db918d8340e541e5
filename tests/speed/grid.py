"""What a grid costs besides its cells: claims, records and progress of cells that do nothing.

    PYTHONPATH=tests python -m speed.grid [CELLS] [ENGINE ...] [--steps N]

The cells are those of a board whose work is replaced by writing a finished record; everything else
is what `segtransfer run` does. Engines: 1 or 2 processes; `ray`, a cluster started by the run;
`nodes:1` or `nodes:2`, a head without CPUs and so many nodes of one CPU, all on this machine. With
--steps, cells are real ones of so many training steps.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest.mock import patch

from support.factories import make_record, two_steps
from support.ray_cluster import ray_cluster

from benchmark.cli.monitor import seconds_left
from benchmark.files import sync
from benchmark.planning.transfers import Transfer
from benchmark.records.store import Store, read_record
from benchmark.running.board import run_board
from benchmark.running.options import RayTask, RunMonitor, RunOptions
from benchmark.workers import Listened, Progress, cores
from benchmark.workspace import Workspace

TICKS, PAGES = os.sysconf("SC_CLK_TCK"), 2**20 / os.sysconf("SC_PAGE_SIZE")
CASES = {f"s{number}": 0.5 for number in range(30)}


def write_a_record(
    workspace: Workspace, options: RunOptions, folder: Path, transfer: Transfer, progress: Progress
) -> None:
    """In place of a cell."""
    record = make_record(dice=CASES)
    facts = {"cell": transfer.cell, "key": transfer.key, "fingerprints": transfer.fingerprints}
    Store(folder).write(record.model_copy(update=facts))


class Use(NamedTuple):
    """CPU seconds so far and MiB of this process, and of all processes below it."""

    cpu: float
    mib: float
    below_cpu: float
    below_mib: float

    @classmethod
    def now(cls) -> "Use":
        found, parents = dict[int, tuple[float, float]](), dict[int, int]()
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                cpu = sum(map(int, fields[11:15])) / TICKS  # with children that have ended
                found[int(path.name)] = cpu, int(fields[21]) / PAGES
                parents[int(path.name)] = int(fields[1])
        ours = os.getpid()
        below = [use for number, use in found.items() if number != ours and _below(number, parents)]
        return cls(*found[ours], sum(cpu for cpu, _ in below), sum(mib for _, mib in below))


def _below(number: int, parents: dict[int, int]) -> bool:
    while number > 1:
        if (number := parents.get(number, 0)) == os.getpid():
            return True
    return False


class Clock(RunMonitor):
    """Notes the time after each cell, and what is used after a tenth and at the end."""

    def __init__(self) -> None:
        self.begun = 0.0
        self.times = list[float]()
        self.used = list[Use]()

    @contextmanager
    def counting(
        self, what: str, workers: Listened, total: int, done: int
    ) -> Iterator[Callable[[], None]]:
        self.begun, self.jobs = time.perf_counter(), workers.jobs

        def count() -> None:
            self.times.append(time.perf_counter())
            if len(self.times) in (total // 10, total):
                self.used.append(Use.now())

        yield count


def sync_seconds(folder: Path, times: int = 50) -> float:
    """Mean time to write 16 KB and have them on the disk."""
    begun = time.perf_counter()
    for _ in range(times):
        (folder / "file").write_bytes(b"x" * 2**14)
        sync(folder / "file")
    return (time.perf_counter() - begun) / times


def run(cells: int, engine: str, steps: int, root: Path) -> tuple[Clock, float]:
    """Run a grid of so many cells; the seconds of a second run, which finds them all done."""
    workspace, board = two_steps(root / "home", seeds=tuple(range(cells // 2)), steps=steps or 2)
    options, clock = RunOptions(device="cpu", threads=1, pictures=False), Clock()
    kind, _, nodes = engine.partition(":")
    on_ray = kind in ("ray", "nodes")
    options = replace(options, ray=RayTask()) if on_ray else replace(options, jobs=int(engine))
    work = patch("benchmark.running.cell.run_and_record", write_a_record)
    with ray_cluster(int(nodes)) if nodes else nullcontext():
        with nullcontext() if steps else work:
            run_board(workspace, board, folder=root / "run", options=options, monitor=clock)
        begun = time.perf_counter()
        run_board(workspace, board, folder=root / "run", options=options)
    return clock, time.perf_counter() - begun


def measure(cells: int, engine: str, steps: int, root: Path) -> dict[str, object]:
    """Overhead of a grid of so many cells."""
    clock, again = run(cells, engine, steps, root)
    times = clock.times
    records = [read_record(path) for path in (root / "run" / "records").rglob("*.json")]
    own = fmean(record.cost.total_seconds for record in records)
    tenth, (first, last) = len(times) // 10, clock.used
    rest, wall = len(times) - tenth, times[-1] - times[tenth - 1]
    left = seconds_left(times[clock.jobs - 1 : tenth], rest) or 0.0
    return {
        "cells": cells,
        "engine": engine,
        "steps": steps,
        "load": round(os.getloadavg()[0], 1),
        "of cells after a tenth, each": {
            "wall ms": round(1e3 * wall / rest, 2),
            "CPU ms of this process": round(1e3 * (last.cpu - first.cpu) / rest, 2),
            "CPU ms of those below it": round(1e3 * (last.below_cpu - first.below_cpu) / rest, 2),
            **({"ms by its record": round(1e3 * own, 2)} if steps else {}),
        },
        "seconds in all": round(times[-1] - clock.begun, 2),
        "ms until one file is on the disk": round(1e3 * sync_seconds(root), 2),
        "seconds until the first cell": round(times[0] - clock.begun, 2),
        "seconds when all is done": round(again, 2),
        "remaining time after a tenth, ratio to the truth": round(left / wall, 3),
        "MiB of this process after a tenth, at the end": [round(first.mib), round(last.mib)],
        "MiB of those below it": [round(first.below_mib), round(last.below_mib)],
    }


if __name__ == "__main__":
    from speed.grid import measure  # the functions of a module are found in other processes

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cells", type=int, nargs="?", default=1000)
    parser.add_argument("engines", nargs="*", default=["1", "2", "ray"])
    parser.add_argument("--steps", type=int, default=0)
    asked = parser.parse_args()
    print(f"{cores()} cores")
    for engine in asked.engines:
        with TemporaryDirectory() as folder:
            print(json.dumps(measure(asked.cells, engine, asked.steps, Path(folder)), indent=1))
