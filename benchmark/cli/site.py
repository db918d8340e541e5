"""`segtransfer site`: every board as a page, and an index."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cards.registry import Registry
from benchmark.cli.terminal import print_text, settings
from benchmark.errors import CardError
from benchmark.views.text import counted


def site(
    out: Annotated[Path, typer.Argument(help="Folder for index.html and a page a board.")],
    runs: Annotated[Path, typer.Option(help="Folder with leaderboard folders.")] = Path("runs"),
    with_records: Annotated[
        bool, typer.Option("--with-records", help="Copy the records too, so that links move along.")
    ] = False,
) -> None:
    """Write every board as one HTML file that needs no network, and an index of them.

    A board that was run here (in RUNS) is shown with those results, otherwise as it is shipped.
    """
    from shutil import copytree

    from benchmark.leaderboard.sequences import read_sequences
    from benchmark.records.store import Store
    from benchmark.views.board import write_board_page
    from benchmark.views.page.write import IndexEntry, write_index

    workspace, entries = settings.workspace, []
    for name, folder in board_folders(workspace.registry, runs).items():
        store, page = Store(folder), out / f"{name}.html"
        copy_records = with_records and bool(store.files())
        if copy_records:
            copytree(folder / "records", out / name / "records", dirs_exist_ok=True)
        boards = write_board_page(store, page, workspace, out / name if copy_records else None)
        count, sequences = len(boards.records), read_sequences(folder, store.board())
        entries.append(IndexEntry(boards.full, page.name, count, sequences))
        print_text(f"{name}: {counted(count, 'record')}")
    write_index(out / "index.html", entries)
    print_text(f"pages: {out / 'index.html'}")


def board_folders(registry: Registry, runs: Path) -> dict[str, Path]:
    """Folder of each page by the page's name: shipped boards, then what was run here.

    Raises:
        CardError: A folder's name would overwrite the index.
    """
    folders = {name: registry.folders[name] for name in registry.boards}
    folders |= {path.parent.name: path.parent for path in sorted(runs.glob("*/board.yaml"))}
    if "index" in folders:
        raise CardError(f"{folders['index']}: a board folder cannot be named index; rename it")
    return folders
