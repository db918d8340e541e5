"""`segtransfer reproduce`: a published comparison run again, and its numbers beside ours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

import benchmark
from benchmark.cards.board import BoardCard
from benchmark.cli import options
from benchmark.cli.dry_run import print_cells
from benchmark.cli.run import run_selection
from benchmark.cli.terminal import console, print_text, settings
from benchmark.errors import CardError
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.leaderboard.published import PublishedComparison


Beside = Annotated[str, typer.Option(help="Another board or folder, shown for comparison.")]
Run = Annotated[bool, typer.Option("--run/--no-run", help="Run what is missing, or only compare.")]


def reproduce(
    board: options.BoardId,
    sources: options.OfBoard = "",
    lanes: options.OfBoard = "", strategies: options.OfBoard = "",
    sizes: options.Sizes = "",
    seeds: options.OfBoard = "",
    out: options.Out = None, beside: Beside = "",
    device: options.Device = "auto", jobs: options.Jobs = 1, threads: options.Threads = None,
    retry_failed: options.RetryFailed = False, pictures: options.Pictures = True,
    run: Run = True, shard: options.ShardPart = "", dry_run: options.DryRun = False,
) -> None:  # fmt: skip
    """Run a published comparison with the data at hand, and compare its numbers with ours.

    Data that are not on this machine are left out and named. Each number is rerun, approximated,
    illustrated (on synthetic images), impossible or not run. Finished cells are never run again.
    """
    from benchmark.planning.availability import counterparts, runnable_part
    from benchmark.planning.shards import Shard, shard_of_cells

    workspace, card = settings.workspace, settings.workspace.registry.board(board)
    _check_reproduces(card)
    selection = options.grid_selection(
        sources=sources, lanes=lanes, strategies=strategies, sizes=sizes, seeds=seeds
    )
    if shard:
        selection = shard_of_cells(workspace, card, selection, Shard.parse(shard))
    folder = out or Path("runs") / board
    if dry_run:
        return print_cells(workspace, card, selection, folder)
    here = runnable_part(workspace, card, selection)
    for name, why in here.why_not.items():
        print_text(f"left out: {name}: {why}")
    if run and here.anything:
        run_options = benchmark.RunOptions(
            device=device, jobs=jobs, threads=threads, retry_failed=retry_failed, pictures=pictures
        )
        run_selection(workspace, card, here.selection, folder, run_options)
    if shard:
        return print_text(f"after all shards: segtransfer reproduce {board} --no-run")
    _compare(workspace, card, folder, here.why_not, beside)
    if run and not here.anything:
        boards = counterparts(workspace.registry, card)
        commands = " or ".join(f"`segtransfer reproduce {name}`" for name in boards)
        print_text(f"nothing of this board can be run here yet; on smaller data: {commands}")


def _compare(
    workspace: Workspace, board: BoardCard, folder: Path, why_not: dict[str, str], beside: str
) -> None:
    """Print published numbers beside ours, and write them where there was a run."""
    from benchmark.views.board import write_reproduction

    has_run = (folder / "board.yaml").is_file()
    store = benchmark.Store(folder if has_run else workspace.registry.folders[board.id])
    other = benchmark.find_leaderboard(beside, workspace) if beside else None
    comparisons = benchmark.compare_with_published(workspace.registry, board, store, why_not, other)
    beside = other.board().id if other else ""
    _print(board, comparisons, beside)
    if has_run:
        files = write_reproduction(folder, board, comparisons, beside)
        print_text(f"{', '.join(file.name for file in files)}: {folder}")


def _check_reproduces(board: BoardCard) -> None:
    """Refuse a board without published numbers.

    Raises:
        CardError: It reproduces no paper; with the boards that do.
    """
    if board.reproduces is None:
        known = settings.workspace.registry.boards.values()
        having = ", ".join(other.id for other in known if other.reproduces)
        raise CardError(f"board {board.id}: reproduces no paper; those that do: {having}")


def _print(board: BoardCard, comparisons: "list[PublishedComparison]", beside: str) -> None:
    from benchmark.views.published import reproduction_notes, reproduction_tables
    from benchmark.views.terminal import print_table

    console.rule(escape(f"Published next to ours: {board.title} ({board.id})"), align="left")
    if not comparisons:
        print_text("no number of this paper is known to us")
    for table in reproduction_tables(comparisons, beside):
        print_table(table, console)
    for note in reproduction_notes(comparisons):
        print_text(note)
