"""`segtransfer run`: from a board to its table."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

import benchmark
from benchmark.cards.board import BoardCard
from benchmark.cli import options
from benchmark.cli.dry_run import print_cells
from benchmark.cli.leaderboard import print_board
from benchmark.cli.monitor import TerminalMonitor
from benchmark.cli.rerun import rerun
from benchmark.cli.terminal import print_failures, print_text, settings
from benchmark.errors import CardError, UnfinishedRun
from benchmark.views.text import counted
from benchmark.workspace import Workspace

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
    board: options.BoardId,
    source: OneSource = "", sources: Sources = "", targets: Targets = "",
    lanes: options.OfBoard = "", strategies: options.OfBoard = "",
    sizes: options.Sizes = "", seeds: options.OfBoard = "",
    out: options.Out = None,
    device: options.Device = "auto", jobs: options.Jobs = 1, threads: options.Threads = None,
    limit_steps: LimitSteps = None,
    allow_partial: options.AllowPartial = False, retry_failed: options.RetryFailed = False,
    shard: options.ShardPart = "",
    engine: options.Engine = "local", cpus_per_cell: options.CpusPerCell = None,
    gpus_per_cell: options.GpusPerCell = None, memory_per_cell: options.MemoryPerCell = None,
    dry_run: options.DryRun = False,
    pictures: options.Pictures = True, save_predictions: SavePredictions = False,
    rerun_of: RerunOf = None, cells: Cells = None, draw: Draw = 0,
) -> None:  # fmt: skip
    """Run a board's transfers and print its table.

    Finished cells are never run again: after Ctrl-C or a crash, type the same command. With --shard
    1/8, 2/8 and so on, several machines share a grid (docs/cluster.md). Exit status: 0 finished, 1
    refused, 3 finished with failures, 130 stopped.
    """
    run_options = benchmark.RunOptions(
        device=device, jobs=jobs, threads=threads, allow_partial=allow_partial,
        retry_failed=retry_failed, pictures=pictures, save_predictions=save_predictions,
        ray=options.ray_task(engine, cpus_per_cell, gpus_per_cell, memory_per_cell, device),
    )  # fmt: skip
    workspace = settings.workspace
    card = workspace.registry.board(board)
    if rerun_of is not None:
        if any((source, sources, targets, lanes, strategies, sizes, seeds, limit_steps, shard)):
            raise CardError("--rerun-of: the submission names its cells; leave the others out")
        rerun(workspace, card, rerun_of, out, run_options, cells, draw, dry_run)
        return
    selection = options.grid_selection(
        sources=sources, targets=targets, lanes=lanes, strategies=strategies,
        sizes=sizes, seeds=seeds, limit_steps=limit_steps,
    )  # fmt: skip
    folder = out or Path("runs") / (board + (f"_trial{limit_steps}" if limit_steps else ""))
    run_selection(workspace, card, selection, folder, run_options, source, shard, dry_run)


def run_selection(
    workspace: Workspace,
    board: BoardCard,
    selection: "benchmark.GridSelection",
    folder: Path,
    run_options: "benchmark.RunOptions",
    source: str = "",
    shard: str = "",
    dry_run: bool = False,
) -> None:
    """Run a part of a board, or print what would be run; `source` joins the board.

    The table is printed after all but a shard, whose cells are not all that there will be.
    """
    from benchmark.planning.shards import Shard, shard_of_cells

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
        benchmark.run_board(
            workspace,
            board,
            selection,
            folder,
            options=run_options,
            monitor=TerminalMonitor(),
            copy_from=benchmark.Store(workspace.registry.folders[board.id]) if compared else None,
            copied_sources=compared,
        )
    except UnfinishedRun as unfinished:
        _print_end(workspace, selection, folder)
        print_failures(unfinished)
        raise
    _print_end(workspace, selection, folder)


def _print_end(workspace: Workspace, selection: "benchmark.GridSelection", folder: Path) -> None:
    if selection.only is None:
        print_board(benchmark.Store(folder), workspace)
    else:
        count = counted(len(selection.only), "cell")
        print_text(f"this shard of {count} has ended; the table: segtransfer leaderboard {folder}")


def _join(
    workspace: Workspace, board: BoardCard, source: str, selection: "benchmark.GridSelection"
) -> "tuple[Workspace, benchmark.GridSelection, tuple[str, ...]]":
    """A source that joins a board, with those it is compared with."""
    from benchmark.planning.comparators import comparison_sources, find_source

    workspace, card = find_source(workspace, source)
    compared, lacking = comparison_sources(workspace, board, card)
    for line in lacking:
        print_text(line)
    lanes = selection.lanes or board.lanes_of(card)
    return workspace, replace(selection, sources=(card.id, *compared), lanes=lanes), compared
