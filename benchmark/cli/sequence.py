"""`segtransfer sequence`: one network, one device after the other."""

from pathlib import Path
from typing import Annotated

import typer

import benchmark
from benchmark.cards.board import BoardCard
from benchmark.cli import options
from benchmark.cli.dry_run import print_sequences
from benchmark.cli.monitor import TerminalMonitor
from benchmark.cli.terminal import console, print_failures, print_text, settings
from benchmark.errors import CardError, UnfinishedRun


def sequence(
    board: Annotated[str, typer.Argument(help="Id of a board with `sequences`.")],
    sequences: options.OfBoard = "",
    sources: Annotated[str, typer.Option(help="Comma-separated; SOURCE or SOURCE@NETWORK.")] = "",
    strategies: options.OfBoard = "", seeds: options.OfBoard = "",
    out: options.Out = None,
    device: options.Device = "auto", jobs: options.Jobs = 1, threads: options.Threads = None,
    allow_partial: options.AllowPartial = False, retry_failed: options.RetryFailed = False,
    shard: options.ShardPart = "",
    engine: options.Engine = "local", cpus_per_cell: options.CpusPerCell = None,
    gpus_per_cell: options.GpusPerCell = None, memory_per_cell: options.MemoryPerCell = None,
    dry_run: options.DryRun = False,
) -> None:  # fmt: skip
    """Train on one device after the other and measure what is forgotten.

    After each stage the test cases of all devices are scored. Finished runs are never run again;
    after Ctrl-C type the same command: it resumes after the last finished stage. Exit status: that
    of `run`.
    """
    from benchmark.planning.sequences import check_sequences
    from benchmark.planning.shards import Shard, shard_of_sequences

    workspace, chosen = settings.workspace, options.names(sequences)
    card, folder = _board_with_sequences(board), out or Path("runs") / board
    check_sequences(card, chosen)
    selection = options.grid_selection(
        sources=sources, targets=",".join(card.devices), strategies=strategies, seeds=seeds
    )
    if shard:
        selection = shard_of_sequences(workspace, card, selection, chosen, Shard.parse(shard))
    if dry_run:
        print_sequences(workspace, card, selection, chosen, folder)
        return
    task = options.ray_task(engine, cpus_per_cell, gpus_per_cell, memory_per_cell, device)
    run_options = benchmark.RunOptions(
        device=device, jobs=jobs, threads=threads, allow_partial=allow_partial,
        retry_failed=retry_failed, ray=task,
    )  # fmt: skip
    try:
        benchmark.run_board_sequences(
            workspace, card, selection, folder, chosen,
            options=run_options, monitor=TerminalMonitor(),
        )  # fmt: skip
    except UnfinishedRun as unfinished:
        _print_end(card, folder, shard)
        print_failures(unfinished)
        raise
    _print_end(card, folder, shard)


def _board_with_sequences(name: str) -> BoardCard:
    boards = settings.workspace.registry.boards.values()
    card = settings.workspace.registry.board(name)
    if not card.sequences:
        having = ", ".join(board.id for board in boards if board.sequences)
        raise CardError(f"board {name}: has no sequences; those that have: {having}")
    return card


def _print_end(board: BoardCard, folder: Path, shard: str) -> None:
    from benchmark.records.sequence_record import SequenceStore

    if shard:
        print_text(f"shard {shard} has ended; the tables: the same command without --shard")
    elif SequenceStore(folder).files():
        print_report(board, folder)


def print_report(board: BoardCard, folder: Path) -> None:
    """Write tables and figures below `sequences/` and print the tables."""
    from benchmark.leaderboard.sequences import sequence_report
    from benchmark.records.sequence_record import SequenceStore
    from benchmark.views.sequences import print_sequences, write_sequences

    report = sequence_report(board, list(SequenceStore(folder).records(board)))
    write_sequences(folder, report)
    print_sequences(report, console)
    print_text(f"records, sequences.csv, README.md and figures: {folder / 'sequences'}")
