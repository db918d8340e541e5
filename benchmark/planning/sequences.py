"""The runs of a board's sequences, with the fingerprints of all that a result depends on.

As in `plan.py`, no torch is imported, so that finished sequences are recognised at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.cards.board import BoardCard
from benchmark.errors import CardError, unknown_name
from benchmark.planning.transfers import GridSelection, Transfer, plan
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
    """One training through a sequence, with everything it takes to run it.

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
    chosen: GridSelection,
    sequences: Sequence[str],
) -> list[SequenceRun]:
    """All chosen runs, sequence by sequence; of `chosen` the sources, strategies and seeds count.

    Args:
        workspace: All cards and local data.
        board: Whose sequences.
        chosen: Which part of the grid; targets and sizes are the sequences'.
        sequences: Their names; empty stands for all.

    Raises:
        CardError: The board has no sequences, or a name is not on it.
        BenchmarkError: What `plan` raises.
    """
    check_sequences(board, sequences)
    grid = board.model_copy(update={"targets": board.devices, "train_subjects": (0,)})
    together: dict[tuple[str, str, int], dict[str, Transfer]] = {}
    for transfer in plan(workspace, grid, chosen):
        cell = transfer.cell
        place = together.setdefault((cell.source, cell.strategy, cell.seed), {})
        place[cell.target] = transfer
    return [
        _run(board, name, devices)
        for name in sequences or board.sequences
        for devices in together.values()
    ]


def check_sequences(board: BoardCard, names: Sequence[str]) -> None:
    """Check that a board has these sequences.

    Raises:
        CardError: It has none, or not one of that name.
    """
    if not board.sequences:
        raise CardError(f"board {board.id} has no `sequences`; see docs/sequence-boards.md")
    for name in names:
        if name not in board.sequences:
            raise CardError(f"board {board.id}: {unknown_name('sequence', name, board.sequences)}")


def _run(board: BoardCard, name: str, devices: Mapping[str, Transfer]) -> SequenceRun:
    first = next(iter(devices.values()))
    stages, cell = board.sequences[name], first.cell
    run = SequenceId(
        board=board.id, sequence=name, source=cell.source, strategy=cell.strategy, seed=cell.seed
    )
    prints = SequenceFingerprints(
        protocol=first.fingerprints.protocol,
        strategy=first.fingerprints.strategy,
        source=first.fingerprints.source,
        weights=first.fingerprints.weights,
        devices={
            device: DeviceFingerprints(
                target=one.fingerprints.target,
                splits=one.fingerprints.splits,
                data=one.fingerprints.data,
            )
            for device, one in devices.items()
        },
    )
    marks = [one.marks for one in devices.values()]
    return SequenceRun(
        run=run,
        key=sequence_key(run, stages, prints),
        stages=stages,
        fingerprints=prints,
        marks=Marks(
            synthetic=any(one.synthetic for one in marks),
            subset=any(one.subset for one in marks),
            partial_weights=False,
            contamination=tuple(dict.fromkeys(why for one in marks for why in one.contamination)),
        ),
        devices=devices,
    )
