"""`segtransfer sequence`: one network, one device after the other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cards.board import BoardCard
from benchmark.cli.options import (
    AllowPartial,
    Device,
    DryRun,
    Jobs,
    OfBoard,
    Out,
    grid_selection,
    names,
)
from benchmark.cli.terminal import console, print_text, settings

if TYPE_CHECKING:
    from benchmark.planning.sequences import SequenceRun


def sequence(
    board: Annotated[str, typer.Argument(help="Id of a board with `sequences`.")],
    sequences: OfBoard = "",
    sources: Annotated[str, typer.Option(help="Comma-separated; SOURCE or SOURCE@NETWORK.")] = "",
    strategies: OfBoard = "",
    seeds: OfBoard = "",
    out: Out = None,
    device: Device = "auto",
    jobs: Jobs = 1,
    allow_partial: AllowPartial = False,
    dry_run: DryRun = False,
) -> None:
    """Train on one device after the other and measure what is forgotten.

    After each stage the test cases of all devices are scored. Finished runs are never run again;
    after Ctrl-C type the same command: it resumes after the last finished stage.
    """
    from benchmark.cli.monitor import TerminalMonitor
    from benchmark.planning.sequences import check_sequences, plan_sequences
    from benchmark.planning.transfers import missing_pretraining
    from benchmark.running.board import run_board_sequences
    from benchmark.running.session import RunOptions

    workspace, chosen = settings.workspace, names(sequences)
    card, folder = workspace.registry.board(board), out or Path("runs") / board
    check_sequences(card, chosen)
    selection = grid_selection(
        sources=sources, targets=",".join(card.devices), strategies=strategies, seeds=seeds
    )
    if dry_run:
        if missing := missing_pretraining(workspace, card, selection):
            print_text(f"to pretrain first: {', '.join(missing)}")
        else:
            _print_state(plan_sequences(workspace, card, selection, chosen), folder)
        return
    options = RunOptions(device=device, jobs=jobs, allow_partial=allow_partial)
    run_board_sequences(
        workspace, card, selection, folder, chosen, options=options, monitor=TerminalMonitor()
    )
    print_report(card, folder)


def _print_state(runs: "list[SequenceRun]", folder: Path) -> None:
    """Print what would be run."""
    from benchmark.records.sequence_record import SequenceStore

    todo = [run for run in runs if not SequenceStore(folder).has(run.run, run.key)]
    print_text(f"{len(runs) - len(todo)} of {len(runs)} sequences are done; to run:")
    for run in todo:
        print_text(f"  {run.run.path}")


def print_report(board: BoardCard, folder: Path) -> None:
    """Write tables and figures below `sequences/` and print the tables."""
    from benchmark.leaderboard.sequences import sequence_report
    from benchmark.records.sequence_record import SequenceStore
    from benchmark.views.sequences import print_sequences, write_sequences

    report = sequence_report(board, list(SequenceStore(folder).records(board)))
    for figure in write_sequences(folder, report):
        print_text(f"not drawn: {figure.name}: {figure.why}")
    print_sequences(report, console)
    print_text(f"records, sequences.csv, README.md and figures: {folder / 'sequences'}")
