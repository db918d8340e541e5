"""What `--dry-run` prints: how many cells, what is missing for them, and how long they take."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import benchmark
from benchmark.cards.board import BoardCard
from benchmark.cli.terminal import print_text
from benchmark.planning.measured_time import measured_time
from benchmark.views.text import counted, duration
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.planning.measured_time import MeasuredTime
    from benchmark.planning.progress import RunProgress


def print_cells(
    workspace: Workspace, board: BoardCard, selection: "benchmark.GridSelection", folder: Path
) -> None:
    """Print which cells of a board would be run."""
    from benchmark.planning.progress import board_progress

    progress, time = board_progress(workspace, board, selection, folder), None
    if selection.limit_steps is None:
        time = measured_time(workspace, board, folder, progress.todo)
    print_progress(progress, "cell", time)


def print_sequences(
    workspace: Workspace,
    board: BoardCard,
    selection: "benchmark.GridSelection",
    sequences: Sequence[str],
    folder: Path,
) -> None:
    """Print which sequences of a board would be run."""
    from benchmark.planning.progress import sequence_progress

    progress = sequence_progress(workspace, board, selection, sequences, folder)
    time = measured_time(workspace, board, folder, progress.todo, kind="sequences")
    print_progress(progress, "sequence", time)


def print_progress(progress: "RunProgress", unit: str, measured: "MeasuredTime | None") -> None:
    """Print what would be run.

    Args:
        progress: What is done and what is not.
        unit: `cell` or `sequence`.
        measured: Time of those that would be run, if known.
    """
    todo, total = len(progress.todo), len(progress.paths)
    print_text(f"{counted(total, unit)}: {total - todo} done, {todo} to run")
    if first := progress.pretrained_first:
        print_text(f"{counted(len(first), 'source')} to pretrain first: {', '.join(first)}")
    for name, why in progress.missing.items():
        print_text(f"cannot be run here: {name}: {why}")
    if not todo:
        return
    print_text(_time(unit, measured, bool(first)), "to run:")
    print_text(*(f"  {path}" for path in progress.todo))


def _time(unit: str, measured: "MeasuredTime | None", pretraining: bool) -> str:
    if measured is None:
        return f"time: not known; no {unit} of this protocol has been measured"
    return (
        f"time: about {duration(measured.seconds)} one after the other"
        f"{', without pretraining' if pretraining else ''} (by "
        f"{counted(measured.records, 'record')} of {measured.board}, "
        f"on {' or '.join(measured.hardware)})"
    )
