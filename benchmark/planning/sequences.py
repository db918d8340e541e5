"""The runs of a board's sequences, with the fingerprints of all that a result depends on.

As `transfers`, this imports no torch, so that finished sequences are recognised at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark.cards.board import BoardCard
from benchmark.cards.registry import Registry
from benchmark.errors import CardError, unknown_name
from benchmark.planning.transfers import GridSelection, Transfer, grid_cells, plan
from benchmark.records.record import Marks
from benchmark.records.sequence_record import (
    DeviceFingerprints,
    SequenceFingerprints,
    SequenceId,
    sequence_key,
)
from benchmark.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class SequenceRun:
    """One training through a sequence, with everything needed to run it.

    `devices` are the transfers to each device that is scored, with all training subjects.
    """

    run: SequenceId
    key: str
    stages: tuple[tuple[str, ...], ...]
    fingerprints: SequenceFingerprints
    marks: Marks
    devices: Mapping[str, Transfer]


def plan_sequences(
    workspace: Workspace,
    board: BoardCard,
    selection: GridSelection,
    sequences: Sequence[str],
) -> list[SequenceRun]:
    """All chosen runs, sequence by sequence.

    Args:
        workspace: All cards and local data.
        board: Board with sequences.
        selection: Sources, strategies and seeds; targets and sizes are those of the sequences,
            `only` are paths of their records.
        sequences: Names of sequences; empty stands for all.

    Raises:
        CardError: The board has no sequences, or a name is not on it.
        BenchmarkError: What `plan` raises.
    """
    check_sequences(board, sequences)
    grid = board.model_copy(update={"targets": board.devices, "train_subjects": (0,)})
    runs: dict[tuple[str, str, int], dict[str, Transfer]] = {}
    for transfer in plan(workspace, grid, replace(selection, only=None)):
        cell = transfer.cell
        devices = runs.setdefault((cell.source, cell.strategy, cell.seed), {})
        devices[cell.target] = transfer
    planned = [
        _sequence_run(board, name, devices)
        for name in sequences or board.sequences
        for devices in runs.values()
    ]
    return [run for run in planned if selection.only is None or run.run.path in selection.only]


def sequence_ids(
    registry: Registry, board: BoardCard, selection: GridSelection, sequences: Sequence[str]
) -> list[SequenceId]:
    """The identities of all chosen runs, as `plan_sequences` orders them.

    Raises:
        CardError: A name is not in the registry, or not on the board.
    """
    grid = board.model_copy(update={"targets": board.devices[:1], "train_subjects": (0,)})
    one_device = replace(selection, targets=(), only=None)
    runs = [
        SequenceId(
            board=board.id,
            sequence=name,
            source=cell.source,
            strategy=cell.strategy,
            seed=cell.seed,
        )
        for name in sequences or board.sequences
        for cell in grid_cells(registry, grid, one_device)
    ]
    return [run for run in runs if selection.only is None or run.path in selection.only]


def check_sequences(board: BoardCard, names: Sequence[str]) -> None:
    """Check that a board has these sequences.

    Raises:
        CardError: The board has no sequences, or none of that name.
    """
    if not board.sequences:
        raise CardError(f"board {board.id} has no `sequences`; see docs/sequence-boards.md")
    for name in names:
        if name not in board.sequences:
            raise CardError(f"board {board.id}: {unknown_name('sequence', name, board.sequences)}")


def _sequence_run(board: BoardCard, name: str, devices: Mapping[str, Transfer]) -> SequenceRun:
    first = next(iter(devices.values()))
    stages, cell = board.sequences[name], first.cell
    run = SequenceId(
        board=board.id, sequence=name, source=cell.source, strategy=cell.strategy, seed=cell.seed
    )
    fingerprints = SequenceFingerprints(
        **first.fingerprints.model_dump(include={"protocol", "strategy", "source", "weights"}),
        devices={
            name: DeviceFingerprints(
                **transfer.fingerprints.model_dump(include={"target", "splits", "data"})
            )
            for name, transfer in devices.items()
        },
    )
    marks = [transfer.marks for transfer in devices.values()]
    reasons = dict.fromkeys(reason for mark in marks for reason in mark.contamination)
    hidden = dict.fromkeys(data for mark in marks for data in mark.unchecked)
    return SequenceRun(
        run=run,
        key=sequence_key(run, stages, fingerprints),
        stages=stages,
        fingerprints=fingerprints,
        marks=Marks(
            synthetic=any(mark.synthetic for mark in marks),
            subset=any(mark.subset for mark in marks),
            partial_weights=False,
            contamination=tuple(reasons),
            unchecked=tuple(hidden),
        ),
        devices=devices,
    )
