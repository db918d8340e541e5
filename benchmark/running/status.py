"""How far a board's folder is: what is done, is being run, failed or is missing.

Read from the folder and the cards alone, so that any machine can ask. Torch is never imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.leaderboard.bulk.read_records import read_columns
from benchmark.leaderboard.missing_cells import expected_cells
from benchmark.planning.cell_times import cell_steps, expected_seconds, sequence_stages
from benchmark.planning.measured_time import timings
from benchmark.records.run_errors import RunError, run_errors
from benchmark.records.sequence_record import SequenceStore
from benchmark.records.store import Store
from benchmark.running.claims import Claim, running_claims
from benchmark.workers import Workers
from benchmark.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class RunStatus:
    """How far a folder is. Cells are named by the paths of their records below it.

    Attributes:
        board: Id of its board.
        folder: Where the records are.
        unit: `cell` or `sequence`.
        done: Those of the grid that have a record, failed ones included.
        failed: Those whose training diverged.
        missing: Those of the grid without a record, those that are being run included.
        running: Claims that count.
        errors: Why cells could not be run, and where.
        beyond: Number of records that are not of the grid: of other targets, say.
        measured: Number of records that the remaining time is taken from.
        remaining_seconds: Expected time of all that is missing, one after the other; None where
            nothing has been measured.
    """

    board: str
    folder: str
    unit: str
    done: tuple[str, ...]
    failed: tuple[str, ...]
    missing: tuple[str, ...]
    running: tuple[Claim, ...]
    errors: tuple[RunError, ...]
    beyond: int
    measured: int
    remaining_seconds: float | None


@dataclass(frozen=True)
class _Found:
    """All cells of the grid with their steps, seconds of those with a record, and the failed."""

    steps: Mapping[str, float]
    seconds: Mapping[str, float]
    failed: tuple[str, ...]


def run_status(workspace: Workspace, folder: Path) -> RunStatus:
    """How far a folder is.

    Sources without a card here are expected in the lanes in which they have records.

    Raises:
        RecordError: A record is damaged or not the board's.
        CardError: The folder is of no board.
    """
    board = Store(folder).board()
    kind, read = ("sequences", _sequences) if board.sequences else ("records", _cells)
    found = read(workspace, board, folder)
    missing = [path for path in found.steps if path not in found.seconds]
    measured = found.seconds
    if not measured and board.id in workspace.registry.folders:
        measured = timings(workspace.registry.folders[board.id], kind)
    expected = expected_seconds(found.steps, measured)
    return RunStatus(
        board=board.id,
        folder=str(folder),
        unit="sequence" if board.sequences else "cell",
        done=tuple(f"{kind}/{path}" for path in found.steps if path in found.seconds),
        failed=tuple(f"{kind}/{path}" for path in found.failed),
        missing=tuple(f"{kind}/{path}" for path in missing),
        running=tuple(running_claims(folder)),
        errors=tuple(run_errors(folder)),
        beyond=len(found.seconds.keys() - found.steps.keys()),
        measured=len(measured),
        remaining_seconds=sum(map(expected.__getitem__, missing)) if measured else None,
    )


def _cells(workspace: Workspace, board: BoardCard, folder: Path) -> _Found:
    with Workers() as workers:
        records = read_columns(Store(folder), workers, workspace.table_cache)
    paths = records.texts["path"].tolist()
    failed = records.numbers["failed_cells"].tolist()
    grid = expected_cells(board, records, workspace.registry.sources_of(board))
    return _Found(
        steps=cell_steps(workspace.registry, board, grid),
        seconds=dict(zip(paths, records.numbers["total_seconds"].tolist(), strict=True)),
        failed=tuple(path for path, count in zip(paths, failed, strict=True) if count),
    )


def _sequences(workspace: Workspace, board: BoardCard, folder: Path) -> _Found:
    from benchmark.planning.sequences import sequence_ids  # imports phantoms, and with them scipy
    from benchmark.planning.transfers import GridSelection

    records = [*SequenceStore(folder).records(board)]
    grid = sequence_ids(workspace.registry, board, GridSelection(), ())
    return _Found(
        steps=sequence_stages(board, [run.path for run in grid]),
        seconds={
            record.run.path: sum(stage.cost.total_seconds for stage in record.stages)
            for record in records
        },
        failed=tuple(record.run.path for record in records if record.failed),
    )
