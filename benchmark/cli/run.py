"""`segtransfer run` and `demo`: from a board to its table."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cards.board import BoardCard
from benchmark.cli.cells import Running, run_board
from benchmark.cli.options import AllowPartial, Device, DryRun, Jobs, OfBoard, Out, Sizes
from benchmark.cli.rerun import rerun
from benchmark.cli.terminal import console, names, numbers, settings
from benchmark.errors import CardError
from benchmark.workers import cores
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.planning.transfers import GridSelection

MOST_AT_ONCE = 4  # cells of the demo


def run(
    board: Annotated[str, typer.Argument(help="Id of the board.")],
    source: Annotated[
        str, typer.Option(help="One source card (path or id), with baseline and ImageNet beside.")
    ] = "",
    sources: Annotated[str, typer.Option(help="Comma-separated; any source card.")] = "",
    targets: OfBoard = "",
    strategies: OfBoard = "",
    sizes: Sizes = "",
    seeds: OfBoard = "",
    out: Out = None,
    device: Device = "auto",
    jobs: Jobs = 1,
    limit_steps: Annotated[
        int | None, typer.Option(min=1, help="Trial with fewer steps; unranked.")
    ] = None,
    allow_partial: AllowPartial = False,
    dry_run: DryRun = False,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Draw three test cases of each cell.")
    ] = True,
    save_predictions: Annotated[
        bool, typer.Option("--save-predictions", help="Keep the label maps of all test cases.")
    ] = False,
    rerun_of: Annotated[
        Path | None, typer.Option(help="A packed submission: run its cells again and compare.")
    ] = None,
    cells: Annotated[
        int | None, typer.Option(min=1, help="With --rerun-of: so many, drawn at random.")
    ] = None,
    draw: Annotated[int, typer.Option(min=0, help="With --cells: seed of the draw.")] = 0,
) -> None:
    """Run a board's transfers and print its table.

    Finished cells are never run again: after Ctrl-C or a crash, type the same command.
    """
    from benchmark.planning.transfers import GridSelection

    how = Running(
        device=device,
        jobs=jobs,
        allow_partial=allow_partial,
        dry_run=dry_run,
        pictures=pictures,
        save_predictions=save_predictions,
    )
    workspace = settings.workspace
    card = workspace.registry.board(board)
    if rerun_of is not None:
        if any((source, sources, targets, strategies, sizes, seeds, limit_steps)):
            raise CardError("--rerun-of: the submission says which cells; leave the others out")
        rerun(workspace, card, rerun_of, out, how, cells, draw)
        return
    chosen = GridSelection(
        sources=names(sources),
        targets=names(targets),
        strategies=names(strategies),
        train_subjects=numbers("--sizes", sizes),
        seeds=numbers("--seeds", seeds),
        limit_steps=limit_steps,
    )
    trial = f"_trial{limit_steps}" if limit_steps else ""
    folder = out or Path("runs") / f"{board}{trial}"
    if source:
        if sources:
            raise CardError("--source and --sources: give one of them")
        join_board(workspace, card, source, chosen, folder, how)
    else:
        run_board(workspace, card, chosen, folder, how)


def join_board(
    workspace: Workspace,
    board: BoardCard,
    source: str,
    chosen: "GridSelection",
    folder: Path,
    how: Running,
) -> None:
    """Run one source and those it is compared with; what the board has of them is copied."""
    from benchmark.planning.comparators import comparison_sources, find_source
    from benchmark.records.store import Store

    workspace, card = find_source(workspace, source)
    others, lacking = comparison_sources(workspace, board, card)
    for line in lacking:
        console.print(line, highlight=False, markup=False)
    chosen = replace(chosen, sources=(card.id, *others))
    shipped = Store(workspace.registry.folders[board.id])
    run_board(workspace, board, chosen, folder, how, shipped, others)


def demo(
    out: Annotated[Path, typer.Option(help="Leaderboard folder.")] = Path("runs/demo_v1"),
) -> None:
    """Offline and synthetic: pretrain two sources on phantoms, fine-tune, score, rank."""
    from benchmark.planning.transfers import GridSelection

    workspace = settings.workspace
    jobs = min(MOST_AT_ONCE, cores())
    how = Running(device="cpu", jobs=jobs, allow_partial=False, dry_run=False)
    run_board(workspace, workspace.registry.board("demo_v1"), GridSelection(), out, how)
