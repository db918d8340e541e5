"""A board or its sequences, from the plan to the records in a folder.

Finished cells are never run again. Torch is imported only when there is work to do, so that a
finished board is recognised at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.card import read_yaml
from benchmark.errors import CardError
from benchmark.files import sweep, write_text
from benchmark.planning.existing_records import copy_existing_records
from benchmark.planning.sequences import check_sequences, plan_sequences
from benchmark.planning.transfers import GridSelection, plan
from benchmark.records.store import Store
from benchmark.running.claims import delete_void_claims, void_claims_deleted_after
from benchmark.running.options import RunMonitor, RunOptions
from benchmark.running.session import RunSession
from benchmark.views.text import counted
from benchmark.workspace import Workspace


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
        DataError: Nothing can be run: data are not on this machine, or not what their card says.
        WeightsError: Nothing can be run: weights are missing.
        ProtocolError: The protocol cannot be kept.
        UnfinishedRun: All else is done; cells failed, or their data or weights are missing.
    """
    store = Store(Path(folder or f"runs/{board.id}"))
    with (
        void_claims_deleted_after(store.folder),
        RunSession(workspace, options, monitor) as session,
    ):
        for part in session.pretrained_parts(board, selection or GridSelection()):
            transfers = plan(workspace, board, part)
            _prepare_folder(workspace, board, store.folder)
            if copy_from is not None:
                others = [cell for cell in transfers if cell.cell.source in copied_sources]
                if count := copy_existing_records(store, copy_from, others):
                    line = f"{counted(count, 'cell')} copied from {copy_from.folder}"
                    session.monitor.report(line)
            session.run_cells(transfers, store)
        session.failures.raise_if_any()
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
    with void_claims_deleted_after(folder), RunSession(workspace, options, monitor) as session:
        chosen = selection or GridSelection()
        for part in session.pretrained_parts(board, chosen):
            chosen = replace(chosen, sources=part.sources)
            runs = plan_sequences(workspace, board, chosen, sequences)
            _prepare_folder(workspace, board, folder)
            session.run_sequences(runs, folder)
        session.failures.raise_if_any()
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


def _prepare_folder(workspace: Workspace, board: BoardCard, folder: Path) -> None:
    """Put the card there, and delete what runs that were killed have left."""
    create_board_folder(workspace, board, folder)
    sweep(folder, *workspace.caches)
    delete_void_claims(folder)
