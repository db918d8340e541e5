"""What of a board is done and what is not; nothing is run or written, and nothing has to be here.

Data, weights and pretrainings that are not on this machine are named, and their cells counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.planning.availability import runnable_part
from benchmark.planning.sequences import check_sequences, plan_sequences, sequence_ids
from benchmark.planning.source_weights import is_pretrained
from benchmark.planning.transfers import GridSelection, grid_cells, plan
from benchmark.records.sequence_record import SequenceStore
from benchmark.records.store import Store
from benchmark.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class RunProgress:
    """What a run would do.

    Attributes:
        paths: Of the records of all cells or sequences.
        todo: Paths of those that have no record made under today's conditions.
        pretrained_first: In-suite sources that have to be pretrained first.
        missing: By target, source or size, why its cells cannot be run on this machine.
    """

    paths: tuple[str, ...]
    todo: tuple[str, ...]
    pretrained_first: tuple[str, ...]
    missing: Mapping[str, str]


def board_progress(
    workspace: Workspace, board: BoardCard, selection: GridSelection, folder: Path
) -> RunProgress:
    """What of a selection is done.

    Args:
        workspace: All cards and local data.
        board: The board.
        selection: Which part of its grid.
        folder: The leaderboard folder.

    Raises:
        CardError: A name is not in the registry, or not on the board.
        RecordError: A record is damaged.
    """
    cells = grid_cells(workspace.registry, board, selection)
    ready, first, missing = _ready(workspace, board, selection)
    store, done = Store(folder), set[str]()
    if ready:
        planned = plan(workspace, board, ready)
        done = {cell.cell.path for cell in planned if store.has(cell.cell, cell.key)}
    return _progress([cell.path for cell in cells], done, first, missing)


def sequence_progress(
    workspace: Workspace,
    board: BoardCard,
    selection: GridSelection,
    sequences: Sequence[str],
    folder: Path,
) -> RunProgress:
    """As `board_progress`, for the sequences of a board; no names stand for all of them.

    Raises:
        CardError: As `board_progress`, or the board has no such sequence.
        RecordError: A record is damaged.
    """
    check_sequences(board, sequences)
    selection = replace(selection, targets=board.devices, train_subjects=())
    runs = sequence_ids(workspace.registry, board, selection, sequences)
    ready, first, missing = _ready(workspace, board, selection)
    store, done = SequenceStore(folder), set[str]()
    if ready and set(ready.targets) == set(board.devices):
        planned = plan_sequences(workspace, board, ready, sequences)
        done = {run.run.path for run in planned if store.has(run.run, run.key)}
    return _progress([run.path for run in runs], done, first, missing)


def _ready(
    workspace: Workspace, board: BoardCard, selection: GridSelection
) -> tuple[GridSelection | None, tuple[str, ...], Mapping[str, str]]:
    """The part that can be planned now, if any; what is pretrained first; what is missing."""
    here = runnable_part(workspace, board, selection)
    sources = {name: workspace.registry.source(name) for name in here.selection.sources}
    first = tuple(
        name
        for name, source in sources.items()
        if source.pretrain and not is_pretrained(workspace, board, source)
    )
    ready = tuple(name for name in sources if name not in first)
    part = replace(here, selection=replace(here.selection, sources=ready))
    return (part.selection if part.anything else None), first, here.why_not


def _progress(
    paths: Sequence[str], done: set[str], first: tuple[str, ...], missing: Mapping[str, str]
) -> RunProgress:
    todo = tuple(path for path in paths if path not in done)
    return RunProgress(paths=tuple(paths), todo=todo, pretrained_first=first, missing=missing)
