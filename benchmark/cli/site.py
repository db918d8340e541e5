"""`segtransfer site`: every board as a page, a page for each source and target, and an index."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cards.registry import Registry
from benchmark.cli.terminal import print_text, settings
from benchmark.errors import CardError
from benchmark.views.text import counted

RESERVED = ("docs", "index", "sources", "targets")


def site(
    out: Annotated[Path, typer.Argument(help="Folder for index.html and all other pages.")],
    runs: Annotated[Path, typer.Option(help="Folder with leaderboard folders.")] = Path("runs"),
    with_records: Annotated[
        bool, typer.Option("--with-records", help="Copy the records too, so that links move along.")
    ] = False,
) -> None:
    """Write a site that any static host can serve: an index and a page a board, source and target.

    A board that was run here (in RUNS) is shown with those results, otherwise as it is shipped.
    Every page is one HTML file that needs no network. Documentation in OUT/docs is linked; `make
    site` writes both. Example: segtransfer site site --with-records
    """
    from benchmark.views.site.write import write_site

    folders = board_folders(settings.workspace.registry, runs)
    for board in write_site(out, folders, settings.workspace, with_records=with_records):
        print_text(f"{board.page.removesuffix('.html')}: {counted(board.records, 'record')}")
    print_text(f"pages: {out / 'index.html'}")


def board_folders(registry: Registry, runs: Path) -> dict[str, Path]:
    """Folder of each page by the page's name: shipped boards, then what was run here.

    Raises:
        CardError: A folder's name is that of another part of the site.
    """
    folders = {name: registry.folders[name] for name in registry.boards}
    folders |= {path.parent.name: path.parent for path in sorted(runs.glob("*/board.yaml"))}
    for name in RESERVED:
        if name in folders:
            raise CardError(f"{folders[name]}: a board folder cannot be named {name}; rename it")
    return folders
