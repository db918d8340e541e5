"""One run: the processes that pretrain sources, and run cells and sequences.

Torch is imported only when there is work to do, so that a finished board is recognised at once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from filelock import Timeout

from benchmark.cards.board import BoardCard
from benchmark.cards.source import SourceCard
from benchmark.errors import DataError, Diverged, WeightsError
from benchmark.planning.availability import missing_pretraining, runnable_part
from benchmark.planning.running_order import running_order
from benchmark.planning.sequences import SequenceRun
from benchmark.planning.transfers import GridSelection, Transfer, complete_selection, plan
from benchmark.records.record_files import RecordFolder
from benchmark.records.run_errors import forget_error, note_error
from benchmark.records.sequence_record import SequenceStore
from benchmark.records.store import Store
from benchmark.running.attempts import Attempt, Attempted, RunOne, attempt, unfinished
from benchmark.running.failures import FailureLog
from benchmark.running.options import RunMonitor, RunOptions
from benchmark.running.ray_engine import RayWorkers, absolute
from benchmark.views.text import counted
from benchmark.workers import Progress, Workers, configure_process, threads_for
from benchmark.workspace import Workspace

AnyStore = RecordFolder[Any, Any]
POLL_S = 1.0  # between looks at what another run is doing


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
        from benchmark.running.devices import set_threads  # torch, as in all methods below

        threads = threads_for(self.options.jobs, self.options.threads)
        set_threads(threads)
        return Workers(self.options.jobs, partial(set_threads, threads))

    def __exit__(self, *raised: object) -> None:
        """End the processes, if there are any."""
        if "workers" in self.__dict__:
            self.workers.__exit__(*raised)

    def pretrain_and_plan(self, board: BoardCard, selection: GridSelection) -> list[Transfer]:
        """Pretrain the in-suite sources that are not there yet, and plan the cells of all.

        Raises:
            BenchmarkError: What `pretrained_parts` raises.
        """
        parts = self.pretrained_parts(board, selection)
        return [cell for part in parts for cell in plan(self.workspace, board, part)]

    def pretrained_parts(
        self, board: BoardCard, selection: GridSelection
    ) -> Iterator[GridSelection]:
        """What can be run, after pretraining the in-suite sources that are not there yet.

        Sources whose pretraining takes longer make later parts: those that other processes of this
        run or another run are pretraining. Targets and sources without local data, and sources
        whose pretraining fails, are left out and noted, as long as there is anything to run.

        Raises:
            BenchmarkError: What `plan` raises, or nothing is left to run.
        """
        grid, missing = self._grid_with_data(board, selection)
        ready, failed = {*grid.sources} - {*missing}, list[BaseException]()
        under_way = dict[str, Future[Path]]()
        while ready or missing:
            ended = self._pretrain(board, missing, under_way, wait=not ready) if missing else {}
            ready |= {name for name, error in ended.items() if error is None}
            failed += filter(None, ended.values())
            missing = [name for name in missing if name not in ended]
            if ready and missing:
                names = ", ".join(missing)
                self.monitor.report(f"being pretrained: {names}; cells of other sources meanwhile")
            if ready:
                yield replace(grid, sources=tuple(x for x in grid.sources if x in ready))
            ready = set()
        if len(failed) == len(grid.sources):
            raise failed[0]

    def _grid_with_data(
        self, board: BoardCard, selection: GridSelection
    ) -> tuple[GridSelection, Sequence[str]]:
        """The part of a selection that has its data here; the sources to be pretrained first."""
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
        return complete_selection(self.workspace.registry, board, selection), missing

    def _pretrain(
        self,
        board: BoardCard,
        names: Sequence[str],
        under_way: dict[str, "Future[Path]"],
        wait: bool,
    ) -> dict[str, BaseException | None]:
        """Have these sources pretrained; the errors of those that ended.

        Alone, this process pretrains them all. Otherwise those that are `under_way` stay so, here
        or in another run; to `wait` is until one has ended.
        """
        ended = dict[str, BaseException | None]()
        with self.monitor.counting("sources", self.workers, len(names), 0) as finished:
            while True:
                for name in [name for name in names if name not in under_way]:
                    under_way[name] = self._start_pretraining(board, name)
                    ended |= self._ended_pretraining(under_way, finished)
                if wait and not ended:
                    futures.wait(under_way.values(), return_when=futures.FIRST_COMPLETED)
                ended |= self._ended_pretraining(under_way, finished)
                if ended or not wait:
                    return ended
                time.sleep(POLL_S)

    def _ended_pretraining(
        self, under_way: dict[str, "Future[Path]"], finished: Callable[[], None]
    ) -> dict[str, BaseException | None]:
        """Take out those that ended, and count those that no other run has under way."""
        ended = dict[str, BaseException | None]()
        for name in [name for name, future in under_way.items() if future.done()]:
            error = under_way.pop(name).exception()
            if isinstance(error, Timeout):
                continue
            ended[name] = error
            if error:
                self.failures.add(f"source {name}", error)
            finished()
        return ended

    def _start_pretraining(self, board: BoardCard, name: str) -> "Future[Path]":
        from benchmark.running.devices import choose_device
        from benchmark.running.pretraining import ensure_pretrained

        device = self.options.device if self.options.ray else choose_device(self.options.device)
        make: Callable[[SourceCard, Progress], Path]
        make = partial(
            ensure_pretrained, self.workspace, board, device,
            wait=False, retry_failed=self.options.retry_failed,
        )  # fmt: skip
        if isinstance(self.workers, RayWorkers):
            make = self.workers.calling(make)
        return self.workers.submit(make, self.workspace.registry.source(name))

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

            check_parts([wanted.item for wanted in todo])
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
        todo = running_order(todo, lambda wanted: wanted.identity.seed)
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
