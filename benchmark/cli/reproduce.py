"""`segtransfer reproduce`: a published comparison run again, and its numbers beside ours."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from benchmark.cards.board import BoardCard, Reproduction
from benchmark.cli.options import BoardId, Device, Jobs, OfBoard, Out, Sizes, grid_selection
from benchmark.cli.run import run_selection
from benchmark.cli.terminal import console, print_text, settings
from benchmark.errors import CardError
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.leaderboard.published import PublishedComparison, PublishedNumber


def reproduce(
    board: BoardId,
    sources: OfBoard = "",
    strategies: OfBoard = "",
    sizes: Sizes = "",
    seeds: OfBoard = "",
    out: Out = None,
    beside: Annotated[
        str, typer.Option(help="Another board or folder whose numbers stand beside.")
    ] = "",
    device: Device = "auto",
    jobs: Jobs = 1,
    run: Annotated[
        bool, typer.Option("--run/--no-run", help="Run what is missing, or only compare.")
    ] = True,
) -> None:
    """Run a published comparison with the data at hand, and hold its numbers against ours.

    What is not on this machine is left out and named. Each number is rerun, approximated,
    impossible or not run. Finished cells are never run again.
    """
    from benchmark.planning.availability import runnable_part
    from benchmark.running.session import RunOptions

    workspace = settings.workspace
    card = workspace.registry.board(board)
    if card.reproduces is None:
        with_numbers = ", ".join(b.id for b in workspace.registry.boards.values() if b.reproduces)
        raise CardError(f"board {board}: reproduces no paper; those that do: {with_numbers}")
    selection = grid_selection(sources, "", strategies, sizes, seeds)
    here = runnable_part(workspace, card, selection)
    for name, why in here.why_not.items():
        print_text(f"left out: {name}: {why}")
    folder = out or Path("runs") / board
    if run and here.anything:
        run_selection(workspace, card, here.selection, folder, RunOptions(device=device, jobs=jobs))
    compare_published(workspace, card, card.reproduces, folder, beside, here.why_not)
    if run and not here.anything:
        small = " or ".join(
            f"`segtransfer reproduce {name}`" for name in _stand_ins(workspace, card)
        )
        print_text(f"nothing of this board can be run here yet; on synthetic phantoms: {small}")


def _stand_ins(workspace: Workspace, board: BoardCard) -> list[str]:
    """Boards that reproduce the same work on synthetic images alone."""
    return [
        other.id
        for other in workspace.registry.boards.values()
        if other.reproduces
        and board.reproduces
        and other.reproduces.numbers == board.reproduces.numbers
        and all(
            workspace.registry.dataset(workspace.registry.target(one).dataset).synthetic
            for one in other.targets
        )
    ]


def compare_published(
    workspace: Workspace,
    board: BoardCard,
    how: Reproduction,
    folder: Path,
    beside: str,
    why_not: dict[str, str],
) -> None:
    """Print the published numbers beside ours; write tables and figure where there is a run."""
    from benchmark.leaderboard.published import compare_published, read_published
    from benchmark.records.store import Store

    published = read_published(workspace.registry.folders[how.numbers] / "published.csv")
    has_run = (folder / "board.yaml").is_file()
    store = Store(folder) if has_run else Store(workspace.registry.folders[board.id])
    held = compare_published(
        board, how, published, [record for _, record in store.records()], why_not
    )
    other = ""
    if beside:
        other, held = _with_other(beside, published, held)
    _print(board, held, other)
    if has_run:
        _write(folder, board, held, other)


def _with_other(
    name: str, published: "tuple[PublishedNumber, ...]", held: "list[PublishedComparison]"
) -> "tuple[str, list[PublishedComparison]]":
    """The numbers of another board, each beside the one of this board."""
    from benchmark.leaderboard.folder import find_leaderboard
    from benchmark.leaderboard.published import reproduced_numbers

    store = find_leaderboard(name, settings.workspace)
    board = store.board()
    if board.reproduces is None:
        raise CardError(f"--beside {name}: board {board.id} reproduces no paper; choose another")
    found = reproduced_numbers(
        board.reproduces, published, (record for _, record in store.records())
    )
    return board.id, [
        replace(one, beside=next(iter(found.get(one.published, [])), None)) for one in held
    ]


def _print(board: BoardCard, held: "list[PublishedComparison]", beside: str) -> None:
    from benchmark.views.published import reproduction_notes, reproduction_tables
    from benchmark.views.terminal import print_table

    console.rule(escape(f"Published next to ours: {board.title} ({board.id})"), align="left")
    if not held:
        print_text("no number of this paper is known to us")
    for table in reproduction_tables(held, beside):
        print_table(table, console)
    for note in reproduction_notes(held):
        print_text(note)


def _write(folder: Path, board: BoardCard, held: "list[PublishedComparison]", beside: str) -> None:
    from benchmark.files import write_text
    from benchmark.views.figures.catalogue import write_figures
    from benchmark.views.figures.published import published_plot
    from benchmark.views.published import reproduction_csv, reproduction_markdown

    write_text(folder / "reproduction.csv", reproduction_csv(held))
    write_text(folder / "reproduction.md", reproduction_markdown(board, held, beside))
    written, _ = write_figures(folder, [published_plot(board.id, held, beside)])
    files = ", ".join(["reproduction.csv", "reproduction.md", *(path.name for path in written)])
    print_text(f"{files}: {folder}")
