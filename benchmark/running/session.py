"""One run: its options, what it reports, and the processes that pretrain and run cells.

Torch is imported only when there is work to do, so that a finished board is recognised at once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.planning.availability import missing_pretraining
from benchmark.planning.sequences import SequenceRun
from benchmark.planning.transfers import GridSelection, Transfer, plan
from benchmark.records.record import RunRecord
from benchmark.records.sequence_record import SequenceRecord, SequenceStore
from benchmark.records.store import Store
from benchmark.workers import Item, Progress, Workers, configure_process, threads_for
from benchmark.workspace import Workspace


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
    """

    device: str = "auto"
    jobs: int = 1
    threads: int | None = None
    allow_partial: bool = False
    retry_failed: bool = False
    pictures: bool = True
    save_predictions: bool = False


class RunMonitor:
    """Receives what a run reports; this one shows nothing, the command line shows it."""

    def report(self, line: str) -> None:
        """One line on what was found finished, copied or marked."""

    @contextmanager
    def counting(
        self, what: str, workers: Workers, total: int, done: int
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
        self.workspace = workspace
        self.options = options or RunOptions()
        self.monitor = monitor or RunMonitor()

    @cached_property
    def workers(self) -> Workers:
        """The processes; torch is imported with them."""
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
            BenchmarkError: What `plan` raises, or a pretraining fails.
        """
        if missing := missing_pretraining(self.workspace, board, selection):
            from benchmark.running.devices import choose_device
            from benchmark.running.pretraining import ensure_pretrained

            device = choose_device(self.options.device)
            sources = [self.workspace.registry.source(name) for name in missing]
            self._run("sources", partial(ensure_pretrained, self.workspace, board, device), sources)
        return plan(self.workspace, board, selection)

    def is_finished(self, record: RunRecord | SequenceRecord | None) -> bool:
        """Whether a record stands; one that failed may be made again."""
        return record is not None and not (self.options.retry_failed and record.failed)

    def unfinished(self, transfers: Sequence[Transfer], store: Store) -> list[Transfer]:
        """The cells that have no record of exactly their conditions."""
        return [one for one in transfers if not self.is_finished(store.get(one.cell, one.key))]

    def run_cells(self, transfers: Sequence[Transfer], store: Store) -> None:
        """Run those cells that have no record yet; each record is written as soon as it is there.

        Raises:
            BenchmarkError: Data, weights or protocol are not what the cards state.
        """
        if todo := self.unfinished(transfers, store):
            from benchmark.running.cell import run_and_record
            from benchmark.running.setup import check_parts

            check_parts(todo)
            run_one = partial(run_and_record, self.workspace, store, self.options)
            self._run("cells", run_one, todo, len(transfers) - len(todo))

    def run_sequences(self, runs: Sequence[SequenceRun], folder: Path) -> None:
        """Run those sequences that have no record yet; one that was stopped is resumed.

        Raises:
            BenchmarkError: Data, weights or protocol are not what the cards state.
        """
        store = SequenceStore(folder)
        if todo := [run for run in runs if not self.is_finished(store.get(run.run, run.key))]:
            from benchmark.running.sequence import run_sequence

            run_one = partial(run_sequence, self.workspace, folder, self.options)
            self._run("sequences", run_one, todo, len(runs) - len(todo))

    def _run(
        self,
        what: str,
        function: Callable[[Item, Progress], object],
        items: Sequence[Item],
        done: int = 0,
    ) -> None:
        with self.monitor.counting(what, self.workers, done + len(items), done) as finished:
            for _ in self.workers.as_completed(function, items):
                finished()
