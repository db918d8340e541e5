"""A run's threads: the same number for every cell, whatever runs it; and the same records."""

import os
import signal
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from campaign.bench import CELLS, PRETRAININGS, Bench
from support.factories import threads_here

from benchmark.cards.registry import Registry
from benchmark.planning.source_weights import read_facts
from benchmark.running.options import RunOptions
from benchmark.running.session import RunSession
from benchmark.workspace import Workspace

EMPTY = Registry(datasets={}, sources={}, targets={}, boards={}, folders={})


@pytest.fixture(autouse=True)
def own_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


# Alone in this process, or in processes.
@pytest.mark.parametrize("items", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_every_cell_has_the_threads_of_the_options(items: int, tmp_path: Path) -> None:
    with RunSession(Workspace(EMPTY, tmp_path), RunOptions(jobs=2, threads=3)) as session:
        found = [
            done.result() for _, done in session.workers.as_completed(threads_here, range(items))
        ]
    assert found == [3] * items


@pytest.mark.slow
def test_a_grid_gives_the_same_records_whatever_runs_it(tmp_path: Path) -> None:
    """With a pretraining: in one process, in two and in another order, and stopped on the way."""
    bench = Bench.create(tmp_path)
    bench.command().check()
    expected = bench.records()
    assert len(expected) == CELLS
    bench.forget()
    targets, sources = "phantom_stroke_lesion_64,pictures", ",".join((*PRETRAININGS, "scratch"))
    bench.command(
        "--targets", targets, "--sources", sources, "--jobs", "2", "--threads", "1"
    ).check()
    assert bench.records() == expected
    for path in (bench.home / "pretrained").iterdir():
        stated = read_facts(path)["environment"]
        assert stated["threads"] == 1 and stated["processor"] and stated["timm"] == version("timm")
    bench.forget()
    stopped = bench.command("--sources", PRETRAININGS[0], "--targets", "pictures")
    while bench.phase() in ("start", "preparation"):
        time.sleep(0.01)
    stopped.kill(stopped.process.pid)
    stopped.end()
    bench.command().check()
    assert bench.records() == expected


@pytest.mark.slow
def test_while_another_run_pretrains_a_source_the_cells_of_others_are_run(tmp_path: Path) -> None:
    bench = Bench.create(tmp_path)
    bench.command(out="alone").check()
    bench.forget()
    first = bench.command("--sources", PRETRAININGS[0])
    while bench.phase() != "pretraining":
        time.sleep(0.01)
    os.kill(first.process.pid, signal.SIGSTOP)  # it goes on to hold the source
    second = bench.command()
    while len(bench.records()) < CELLS - 2:
        assert second.process.poll() is None
        time.sleep(0.05)
    assert not any(f"/{PRETRAININGS[0]}/" in name for name in bench.records())
    time.sleep(1)
    assert second.process.poll() is None  # it waits
    os.kill(first.process.pid, signal.SIGCONT)
    first.check()
    second.check()
    assert bench.records() == bench.records("alone")
