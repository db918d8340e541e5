"""One run: its options, what it reports, and the processes that pretrain and run cells.

Torch is imported only when there is work to do, so that a finished board is recognised at once.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from benchmark.cards.board import BoardCard
from benchmark.cards.source import SourceCard
from benchmark.errors import DataError, Diverged, WeightsError
from benchmark.planning.availability import missing_pretraining, runnable_part
from benchmark.planning.sequences import SequenceRun
from benchmark.planning.transfers import GridSelection, Transfer, complete_selection, plan
from benchmark.records.record_files import RecordFolder
from benchmark.records.run_errors import forget_error, note_error
from benchmark.records.sequence_record import SequenceStore
from benchmark.records.store import Store
from benchmark.running.attempts import Attempt, Attempted, RunOne, attempt, unfinished
from benchmark.running.failures import FailureLog
from benchmark.running.ray_engine import RayTask, RayWorkers, absolute
from benchmark.views.text import counted
from benchmark.workers import Listened, Progress, Workers, configure_process, threads_for
from benchmark.workspace import Workspace

AnyStore = RecordFolder[Any, Any]
POLL_S = 1.0  # between looks at cells that another run has claimed


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


class RunSession(AbstractContextManager["RunSession"]):
    """One pool of processes for pretraining, cells and sequences; it ends with the context."""

    def __init__(
        self,
        workspace: Workspace,
        options: RunOptions | None = None,
        monitor: RunMonitor | None = None,
    ) -> None:
        """Start nothing yet."""
        self.workspace, self.options = workspace, options or RunOptions()
        if task := self.options.ray:
            self.workspace = absolute(workspace)
            threads = self.options.threads or task.threads
            self.options = replace(self.options, device=task.device, threads=threads)
        self.monitor = monitor or RunMonitor()
        self.failures = FailureLog(self.monitor.report)

    @cached_property
    def workers(self) -> Workers | RayWorkers:
        """The processes; torch is imported with them."""
        if self.options.ray:
            return RayWorkers(self.options.ray, self.options.threads)
        configure_process()
        from benchmark.running.devices import set_threads

        threads = threads_for(self.options.jobs, self.options.threads)
        set_threads(threads)
        return Workers(self.options.jobs, partial(set_threads, threads))

    def __exit__(self, *raised: object) -> None:
        """End the processes, if there are any."""
        if "workers" in self.__dict__:
            self.workers.__exit__(*raised)

    def pretrain_and_plan(self, board: BoardCard, selection: GridSelection) -> list[Transfer]:
        """Pretrain the in-suite sources that are not there yet, and plan the cells.

        Raises:
            BenchmarkError: What `plan` raises, or nothing is left to run.
        """
        return plan(self.workspace, board, self.pretrain(board, selection))

    def pretrain(self, board: BoardCard, selection: GridSelection) -> GridSelection:
        """Pretrain the in-suite sources that are not there yet; returns what can be run then.

        Targets and sources without local data, and sources whose pretraining fails, are left out
        and noted, as long as there is anything to run.

        Raises:
            BenchmarkError: What `plan` raises, or nothing is left to run.
        """
        try:
            missing = missing_pretraining(self.workspace, board, selection)
        except (DataError, WeightsError):
            part = runnable_part(self.workspace, board, selection)
            if not part.anything:
                raise
            for name, why in part.why_not.items():
                self.failures.add(name, why)
            selection = part.selection
            missing = missing_pretraining(self.workspace, board, selection)
        if missing:
            failed = self._pretrain(board, missing)
            grid = complete_selection(self.workspace.registry, board, selection)
            sources = tuple(name for name in grid.sources if name not in failed)
            if not sources:
                raise next(iter(failed.values()))
            selection = replace(grid, sources=sources)
        return selection

    def _pretrain(self, board: BoardCard, names: Sequence[str]) -> Mapping[str, BaseException]:
        """Pretrain these sources; returns the errors of those that failed."""
        from benchmark.running.devices import choose_device
        from benchmark.running.pretraining import ensure_pretrained

        name, failed = self.options.device, dict[str, BaseException]()
        device = name if self.options.ray else choose_device(name)
        retry = self.options.retry_failed
        make: Callable[[SourceCard, Progress], Path]
        make = partial(ensure_pretrained, self.workspace, board, device, retry_failed=retry)
        if isinstance(self.workers, RayWorkers):
            make = self.workers.calling(make)
        sources = [self.workspace.registry.source(name) for name in names]
        with self.monitor.counting("sources", self.workers, len(sources), 0) as finished:
            for source, future in self.workers.as_completed(make, sources):
                if error := future.exception():
                    failed[source.id] = error
                    self.failures.add(f"source {source.id}", error)
                finished()
        return failed

    def _unfinished(self, what: str, attempts: Sequence[Attempt], store: AnyStore) -> list[Attempt]:
        """What has to be run; reports what was found finished."""
        todo, changed = unfinished(store, self.options.retry_failed, attempts)
        if changed:
            self.monitor.report(f"{changed} finished records were given the marks of today's cards")
        if not todo:
            self.monitor.report(f"already done: {counted(len(attempts), what)}")
        return todo

    def run_cells(self, transfers: Sequence[Transfer], store: Store) -> None:
        """Run those cells that have no record yet; each record is written as soon as it is there.

        A cell that fails costs no other; it is noted, see `failures`.

        Raises:
            ProtocolError: A network lacks a part that a strategy trains; nothing is run.
        """
        attempts = [Attempt(transfer, transfer.cell, transfer.key) for transfer in transfers]
        if todo := self._unfinished("cell", attempts, store):
            from benchmark.running.cell import run_and_record
            from benchmark.running.setup import check_parts

            check_parts([one.item for one in todo])
            run_one = partial(run_and_record, self.workspace, self.options)
            self._run("cells", store, run_one, todo, len(attempts) - len(todo))

    def run_sequences(self, runs: Sequence[SequenceRun], folder: Path) -> None:
        """As `run_cells`, for sequences; one that was stopped is resumed."""
        attempts, store = [Attempt(run, run.run, run.key) for run in runs], SequenceStore(folder)
        if todo := self._unfinished("sequence", attempts, store):
            from benchmark.running.sequence import run_sequence

            run_one = partial(run_sequence, self.workspace, self.options)
            self._run("sequences", store, run_one, todo, len(attempts) - len(todo))

    def _run(
        self, what: str, store: AnyStore, run_one: RunOne, todo: Sequence[Attempt], done: int
    ) -> None:
        """Attempt them all; those that another run has claimed again, until they have a record."""
        if isinstance(self.workers, RayWorkers):
            run_one = self.workers.running(run_one)
        work = partial(attempt, store, self.options.retry_failed, run_one)
        with self.monitor.counting(what, self.workers, done + len(todo), done) as finished:
            while todo:
                elsewhere = list[Attempt]()
                for wanted, future in self.workers.as_completed(work, todo):
                    if not future.exception() and future.result().elsewhere:
                        elsewhere.append(wanted)
                    else:
                        self._finish(store, wanted, future)
                        finished()
                if todo := elsewhere:
                    time.sleep(POLL_S)

    def _finish(self, store: AnyStore, wanted: Attempt, future: "Future[Attempted]") -> None:
        """Note why a cell failed, in the folder too if that is no property of the entry."""
        name = f"{store.subfolder}/{wanted.identity.path}"
        if error := future.exception():
            when = datetime.now(UTC).isoformat(timespec="seconds")
            note_error(store.folder, name, self.failures.add(name, error), when)
            return
        forget_error(store.folder, name)
        if failed := future.result().failed:
            error = Diverged(failed.reason, failed.step, failed.learning_rate)
            self.failures.add(name, error)
