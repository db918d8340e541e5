"""A run's threads: the same number for every cell, whatever runs it; and the same records."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from campaign.bench import CELLS, PRETRAININGS, Bench
from support.factories import threads_here, two_steps

from benchmark.cards.registry import Registry
from benchmark.errors import Diverged
from benchmark.planning.source_weights import read_facts
from benchmark.planning.transfers import GridSelection
from benchmark.running.options import RunMonitor, RunOptions
from benchmark.running.session import RunSession
from benchmark.workers import Workers
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


class Promised(Workers):
    """Two processes whose results the test gives."""

    def __init__(self) -> None:
        super().__init__(2)
        self.promised = dict[str, Future[Any]]()

    def submit(self, work: object, item: Any) -> "Future[Any]":
        return self.promised.setdefault(item.id, Future())


class Lines(RunMonitor):
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.lines = list[str]()

    def report(self, line: str) -> None:
        self.lines.append(line)


class Alone(Workers):
    """This process, whose work the test does not do; what was submitted and counted, in turn."""

    def __init__(self, events: list[str]) -> None:
        super().__init__(1)
        self.events = events

    def submit(self, work: object, item: Any) -> "Future[Any]":
        self.events.append(item.id)
        done: Future[Any] = Future()
        done.set_result(Path())
        return done


class Counts(RunMonitor):
    """Notes each result that is counted."""

    def __init__(self) -> None:
        self.events = list[str]()

    @contextmanager
    def counting(
        self, what: str, workers: object, total: int, done: int
    ) -> Iterator[Callable[[], None]]:
        yield lambda: self.events.append("counted")


def test_one_process_counts_each_source_when_it_is_pretrained(tmp_path: Path) -> None:
    """Not all at the end, minutes later and at once."""
    workspace, board = two_steps(tmp_path)
    names = "phantom_natural_contrastive", "phantom_brain_segmentation"
    monitor = Counts()
    with RunSession(workspace, monitor=monitor) as session:
        session.workers = Alone(monitor.events)
        (part,) = session.pretrained_parts(board, GridSelection(sources=names))
    assert part.sources == names
    assert monitor.events == [names[0], "counted", names[1], "counted"]


def test_cells_are_run_while_sources_are_pretrained(tmp_path: Path) -> None:
    workspace, board = two_steps(tmp_path)
    first, second = "phantom_natural_contrastive", "phantom_brain_segmentation"
    monitor = Lines()
    with RunSession(workspace, monitor=monitor) as session:
        session.workers = workers = Promised()
        parts = session.pretrained_parts(board, GridSelection(sources=(first, "scratch", second)))
        assert next(parts).sources == ("scratch",)
        assert monitor.lines == [
            f"being pretrained: {first}, {second}; cells of other sources meanwhile"
        ]
        workers.promised[second].set_result(tmp_path)
        assert next(parts).sources == (second,)
        workers.promised[first].set_exception(Diverged("loss", 1, 1.0))
        assert [*parts] == []
        assert [line.partition(":")[0] for line in session.failures.lines] == [f"source {first}"]


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


def holds_a_source(process: int) -> bool:
    for path in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            if path.readlink().match("pretrained/*/lock"):
                return True
    return False


@pytest.mark.slow
def test_one_process_pretrains_while_the_other_runs_cells(tmp_path: Path) -> None:
    bench = Bench.create(tmp_path)
    words = ("--sources", f"{PRETRAININGS[0]},scratch")
    bench.command(*words, out="alone").check()
    bench.forget()
    run = bench.command(*words, "--jobs", "2", "--threads", "1")
    while not (pretraining := [x for x in run.workers() if holds_a_source(x)]):
        assert run.process.poll() is None
        time.sleep(0.01)
    (worker,) = pretraining
    os.kill(worker, signal.SIGSTOP)
    while len(bench.records()) < 2:
        assert run.process.poll() is None
        time.sleep(0.05)
    assert all("/scratch/" in name for name in bench.records())
    os.kill(worker, signal.SIGCONT)
    run.check()
    assert bench.records() == bench.records("alone")


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
