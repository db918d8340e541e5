"""`segtransfer run`: from a board to its table."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cards.board import BoardCard
from benchmark.cli.dry_run import print_cells
from benchmark.cli.leaderboard import print_board
from benchmark.cli.options import (
    AllowPartial,
    BoardId,
    CpusPerCell,
    Device,
    DryRun,
    Engine,
    GpusPerCell,
    Jobs,
    MemoryPerCell,
    OfBoard,
    Out,
    Pictures,
    RetryFailed,
    ShardPart,
    Sizes,
    Threads,
    grid_selection,
    ray_task,
)
from benchmark.cli.rerun import rerun
from benchmark.cli.terminal import print_failures, print_text, settings
from benchmark.errors import CardError, UnfinishedRun
from benchmark.views.text import counted
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.planning.transfers import GridSelection
    from benchmark.running.options import RunOptions


OneSource = Annotated[
    str, typer.Option(help="One source card (path or id), compared with the baseline and ImageNet.")
]
Sources = Annotated[str, typer.Option(help="Comma-separated; any source card.")]
Targets = Annotated[
    str, typer.Option(help="Comma-separated; any target task (default: those of the board).")
]
LimitSteps = Annotated[int | None, typer.Option(min=1, help="Trial with fewer steps; unranked.")]
SavePredictions = Annotated[
    bool, typer.Option("--save-predictions", help="Keep the label maps of all test cases.")
]
RerunOf = Annotated[
    Path | None, typer.Option(help="A packed submission: run its cells again and compare.")
]
Cells = Annotated[
    int | None, typer.Option(min=1, help="With --rerun-of: so many, drawn at random.")
]
Draw = Annotated[int, typer.Option(min=0, help="With --cells: seed of the draw.")]


def run(
    board: BoardId,
    source: OneSource = "", sources: Sources = "", targets: Targets = "",
    lanes: OfBoard = "", strategies: OfBoard = "", sizes: Sizes = "", seeds: OfBoard = "",
    out: Out = None,
    device: Device = "auto", jobs: Jobs = 1, threads: Threads = None,
    limit_steps: LimitSteps = None,
    allow_partial: AllowPartial = False, retry_failed: RetryFailed = False,
    shard: ShardPart = "",
    engine: Engine = "local", cpus_per_cell: CpusPerCell = None,
    gpus_per_cell: GpusPerCell = None, memory_per_cell: MemoryPerCell = None,
    dry_run: DryRun = False,
    pictures: Pictures = True, save_predictions: SavePredictions = False,
    rerun_of: RerunOf = None, cells: Cells = None, draw: Draw = 0,
) -> None:  # fmt: skip
    """Run a board's transfers and print its table.

    Finished cells are never run again: after Ctrl-C or a crash, type the same command. With --shard
    1/8, 2/8 and so on, several machines share a grid (docs/cluster.md). Exit status: 0 finished, 1
    refused, 3 finished with failures, 130 stopped.
    """
    from benchmark.running.options import RunOptions

    options = RunOptions(
        device=device, jobs=jobs, threads=threads, allow_partial=allow_partial,
        retry_failed=retry_failed, pictures=pictures, save_predictions=save_predictions,
        ray=ray_task(engine, cpus_per_cell, gpus_per_cell, memory_per_cell, device),
    )  # fmt: skip
    workspace = settings.workspace
    card = workspace.registry.board(board)
    if rerun_of is not None:
        if any((source, sources, targets, lanes, strategies, sizes, seeds, limit_steps, shard)):
            raise CardError("--rerun-of: the submission names its cells; leave the others out")
        rerun(workspace, card, rerun_of, out, options, cells, draw, dry_run)
        return
    selection = grid_selection(
        sources=sources, targets=targets, lanes=lanes, strategies=strategies,
        sizes=sizes, seeds=seeds, limit_steps=limit_steps,
    )  # fmt: skip
    folder = out or Path("runs") / (board + (f"_trial{limit_steps}" if limit_steps else ""))
    run_selection(workspace, card, selection, folder, options, source, shard, dry_run)


def run_selection(
    workspace: Workspace,
    board: BoardCard,
    selection: "GridSelection",
    folder: Path,
    options: "RunOptions",
    source: str = "",
    shard: str = "",
    dry_run: bool = False,
) -> None:
    """Run a part of a board, or print what would be run; `source` joins the board.

    The table is printed after all but a shard, whose cells are not all that there will be.
    """
    from benchmark.cli.monitor import TerminalMonitor
    from benchmark.planning.shards import Shard, shard_of_cells
    from benchmark.records.store import Store
    from benchmark.running.board import run_board

    compared: tuple[str, ...] = ()
    if source and selection.sources:
        raise CardError("--source and --sources: give one of them")
    if source:
        workspace, selection, compared = _join(workspace, board, source, selection)
    if shard:
        selection = shard_of_cells(workspace, board, selection, Shard.parse(shard))
    if dry_run:
        print_cells(workspace, board, selection, folder)
        return
    try:
        run_board(
            workspace,
            board,
            selection,
            folder,
            options=options,
            monitor=TerminalMonitor(),
            copy_from=Store(workspace.registry.folders[board.id]) if compared else None,
            copied_sources=compared,
        )
    except UnfinishedRun as unfinished:
        _print_end(workspace, selection, folder)
        print_failures(unfinished)
        raise
    _print_end(workspace, selection, folder)


def _print_end(workspace: Workspace, selection: "GridSelection", folder: Path) -> None:
    from benchmark.records.store import Store

    if selection.only is None:
        print_board(Store(folder), workspace)
    else:
        count = counted(len(selection.only), "cell")
        print_text(f"this shard of {count} has ended; the table: segtransfer leaderboard {folder}")


def _join(
    workspace: Workspace, board: BoardCard, source: str, selection: "GridSelection"
) -> "tuple[Workspace, GridSelection, tuple[str, ...]]":
    """A source that joins a board, with those it is compared with."""
    from benchmark.planning.comparators import comparison_sources, find_source

    workspace, card = find_source(workspace, source)
    compared, lacking = comparison_sources(workspace, board, card)
    for line in lacking:
        print_text(line)
    lanes = selection.lanes or board.lanes_of(card)
    return workspace, replace(selection, sources=(card.id, *compared), lanes=lanes), compared
