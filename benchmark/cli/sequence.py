"""`segtransfer sequence`: one network, one device after the other."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cards.board import BoardCard
from benchmark.cli.cells import Running, copy_board, counted, planned, say_marked
from benchmark.cli.options import AllowPartial, Device, DryRun, Jobs, OfBoard, Out
from benchmark.cli.terminal import console, names, numbers, settings


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
    after Ctrl-C type the same command: it goes on after the last finished stage.
    """
    from benchmark.planning.sequences import check_sequences, plan_sequences
    from benchmark.planning.transfers import GridSelection
    from benchmark.records.sequence_record import has_sequence

    workspace = settings.workspace
    card, folder = workspace.registry.board(board), out or Path("runs") / board
    check_sequences(card, names(sequences))
    chosen = GridSelection(
        sources=names(sources),
        targets=card.devices,
        strategies=names(strategies),
        seeds=numbers("--seeds", seeds),
    )
    how = Running(device=device, jobs=jobs, allow_partial=allow_partial, dry_run=dry_run)
    if planned(workspace, card, chosen, how) is None:
        return
    runs = plan_sequences(workspace, card, chosen, names(sequences))
    todo = [one for one in runs if not has_sequence(folder, one.run, one.key)]
    if dry_run:
        console.print(f"{len(runs) - len(todo)} of {len(runs)} sequences are done; to run:")
        for one in todo:
            console.print(f"  {one.run.path}", highlight=False, markup=False)
        return
    copy_board(workspace, card, folder)
    if len(todo) < len(runs):
        from benchmark.planning.existing_records import refresh_sequence_marks

        say_marked(refresh_sequence_marks(folder, runs))
    if todo:
        from benchmark.running.devices import choose_device
        from benchmark.running.sequence import run_sequences

        place = choose_device(device)
        with how, counted("sequences", how.workers, len(runs), len(runs) - len(todo)) as count:
            run_sequences(
                todo, workspace, folder, place, how.workers, count,
                allow_partial=allow_partial,
            )  # fmt: skip
    else:
        console.print(f"all {len(runs)} sequences were already done")
    print_report(card, folder)


def print_report(board: BoardCard, folder: Path) -> None:
    """Write tables and figures below `sequences/` and print the tables."""
    from benchmark.leaderboard.sequences import sequence_report
    from benchmark.records.sequence_record import sequence_records
    from benchmark.views.sequences import print_sequences, write_sequences

    report = sequence_report(board, list(sequence_records(folder, board)))
    for one in write_sequences(folder, report):
        console.print(f"not drawn: {one.name}: {one.why}", highlight=False, markup=False)
    print_sequences(report, console)
    console.print(f"records, sequences.csv, README.md and figures: {folder / 'sequences'}",
                  highlight=False, markup=False)  # fmt: skip
