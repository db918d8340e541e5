"""A board or its sequences, from the plan to the records in a folder.

Finished cells are never run again. Torch is imported only when there is work to do, so that a
finished board is recognised at once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.card import read_yaml
from benchmark.errors import CardError
from benchmark.files import write_text
from benchmark.planning.existing_records import (
    copy_existing_records,
    refresh_marks,
    refresh_sequence_marks,
)
from benchmark.planning.sequences import SequenceRun, check_sequences, plan_sequences
from benchmark.planning.transfers import GridSelection, Transfer, missing_pretraining, plan
from benchmark.records.sequence_record import has_sequence
from benchmark.records.store import Store
from benchmark.workers import Item, Progress, Workers
from benchmark.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How cells are run; none of it is a condition of a result.

    Attributes:
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        jobs: How many cells are run in parallel, each in a process of its own.
        allow_partial: Accept weights that do not cover the network; such records are marked.
        pictures: Draw the best, median and worst test case of each cell.
        save_predictions: Keep the label maps of all test cases, not only their hashes.
    """

    device: str = "auto"
    jobs: int = 1
    allow_partial: bool = False
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
        from benchmark.running.devices import set_threads

        set_threads(1)
        return Workers(self.options.jobs, partial(set_threads, self.options.jobs))

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

    def run_cells(self, transfers: Sequence[Transfer], store: Store) -> None:
        """Run those cells that have no record yet; each record is written as soon as it is there.

        Raises:
            BenchmarkError: Data, weights or protocol are not what the cards state.
        """
        if todo := unfinished(transfers, store):
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
        if todo := [run for run in runs if not has_sequence(folder, run.run, run.key)]:
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


@dataclass(frozen=True)
class BoardState:
    """What of a board is done and what is not.

    Attributes:
        missing_pretraining: In-suite sources that have to be pretrained first; the cells can be
            planned only then, and `transfers` is empty.
        transfers: All cells of the selection.
        todo: Those without a record.
    """

    missing_pretraining: tuple[str, ...] = ()
    transfers: list[Transfer] = field(default_factory=list)
    todo: list[Transfer] = field(default_factory=list)


def unfinished(transfers: Sequence[Transfer], store: Store) -> list[Transfer]:
    """The cells that have no record of exactly their conditions."""
    return [transfer for transfer in transfers if not store.has(transfer.cell, transfer.key)]


def board_state(
    workspace: Workspace, board: BoardCard, selection: GridSelection, folder: Path
) -> BoardState:
    """What would be run; nothing is run or written.

    Args:
        workspace: All cards and local data.
        board: The board.
        selection: Which part of its grid.
        folder: The leaderboard folder.

    Raises:
        BenchmarkError: What `plan` raises.
    """
    if missing := missing_pretraining(workspace, board, selection):
        return BoardState(missing_pretraining=missing)
    transfers = plan(workspace, board, selection)
    return BoardState(transfers=transfers, todo=unfinished(transfers, Store(folder)))


def run_board(
    workspace: Workspace,
    board: BoardCard,
    selection: GridSelection | None = None,
    folder: Path | str | None = None,
    *,
    options: RunOptions | None = None,
    monitor: RunMonitor | None = None,
    copy_from: Store | None = None,
    copied_sources: tuple[str, ...] = (),
) -> Store:
    """Pretrain, fine-tune and score whatever of a board is not finished.

    Args:
        workspace: All cards and local data.
        board: The board.
        selection: Which part of its grid; None stands for all.
        folder: The leaderboard folder; None stands for `runs/BOARD`.
        options: How it is run.
        monitor: Receives progress.
        copy_from: Records of others, made under the same conditions, are taken over from there.
        copied_sources: The sources whose records are taken over.

    Returns:
        The folder's records.

    Raises:
        CardError: A name is not on the board, or the folder is of another board.
        DataError: A data set is not on this machine, or not what its card says.
        WeightsError: Weights are missing or do not cover the network.
        ProtocolError: The protocol cannot be kept.
    """
    store = Store(Path(folder or f"runs/{board.id}"))
    with RunSession(workspace, options, monitor) as session:
        transfers = session.pretrain_and_plan(board, selection or GridSelection())
        create_board_folder(workspace, board, store.folder)
        if copy_from is not None:
            others = [cell for cell in transfers if cell.cell.source in copied_sources]
            if count := copy_existing_records(store, copy_from, others):
                session.monitor.report(f"{count} cells copied from {copy_from.folder}")
        todo = unfinished(transfers, store)
        if len(todo) < len(transfers):
            _report_marks(session, refresh_marks(store, transfers))
        if not todo:
            session.monitor.report(f"all {len(transfers)} cells were already done")
        session.run_cells(transfers, store)
    return store


def run_board_sequences(
    workspace: Workspace,
    board: BoardCard,
    selection: GridSelection | None = None,
    folder: Path | None = None,
    sequences: Sequence[str] = (),
    *,
    options: RunOptions | None = None,
    monitor: RunMonitor | None = None,
) -> Path:
    """Train on one device after the other; as `run_board`, for the sequences of a board.

    Args:
        workspace: All cards and local data.
        board: A board with sequences.
        selection: Sources, strategies and seeds; None stands for all.
        folder: The leaderboard folder; None stands for `runs/BOARD`.
        sequences: Their names; empty stands for all.
        options: How they are run.
        monitor: Receives progress.

    Returns:
        The folder.

    Raises:
        BenchmarkError: What `run_board` raises, or the board has no such sequence.
    """
    check_sequences(board, sequences)
    folder = folder or Path("runs") / board.id
    with RunSession(workspace, options, monitor) as session:
        chosen = selection or GridSelection()
        session.pretrain_and_plan(board, chosen)
        runs = plan_sequences(workspace, board, chosen, sequences)
        create_board_folder(workspace, board, folder)
        done = sum(has_sequence(folder, run.run, run.key) for run in runs)
        if done:
            _report_marks(session, refresh_sequence_marks(folder, runs))
        if done == len(runs):
            session.monitor.report(f"all {len(runs)} sequences were already done")
        session.run_sequences(runs, folder)
    return folder


def create_board_folder(workspace: Workspace, board: BoardCard, folder: Path) -> None:
    """Put the board's card into the folder.

    Raises:
        CardError: The folder is of another board or of another version of it.
    """
    source = workspace.registry.folders[board.id] / "board.yaml"
    target = folder / "board.yaml"
    if not target.is_file():
        write_text(target, source.read_text(encoding="utf-8"))
    elif read_yaml(target) != read_yaml(source):
        raise CardError(f"{target}: differs from {source}; choose another folder with --out")


def _report_marks(session: RunSession, count: int) -> None:
    if count:
        session.monitor.report(f"{count} finished records were given the marks of today's cards")
