"""Write a site: a page for each board, source and target, and the lists that lead to them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from benchmark.files import write_text
from benchmark.leaderboard.folder import read_folder
from benchmark.records.packing import unpack_records
from benchmark.records.store import Store
from benchmark.views.page.context import page_records
from benchmark.views.page.write import write_page
from benchmark.views.site.boards import SiteBoard, grouped
from benchmark.views.site.cards import write_cards
from benchmark.views.site.render import render_site
from benchmark.workspace import Workspace


def write_site(
    out: Path, folders: Mapping[str, Path], workspace: Workspace, *, with_records: bool = False
) -> Iterator[SiteBoard]:
    """Write the site into a folder; gives each board as soon as its page is written.

    Args:
        out: The folder. Documentation that lies in `docs/` below it is linked.
        folders: Leaderboard folder of each page, by the page's name.
        workspace: All cards, and the cache of what was read before.
        with_records: Copy the records too, and link to the copies.

    Raises:
        RecordError: A record is damaged or not its board's, or a file cannot be written.
    """
    boards = []
    for name, folder in folders.items():
        boards.append(_write_board(out, name, Store(folder), workspace, with_records))
        yield boards[-1]
    groups = grouped(boards)
    write_index(out, groups)
    write_cards(out, workspace.registry, [board for group in groups.values() for board in group])


def write_index(out: Path, groups: Mapping[str, Sequence[SiteBoard]]) -> None:
    """Write `index.html` into the folder of a site.

    Raises:
        RecordError: The file cannot be written.
    """
    text = render_site("index.html.j2", out, search=True, groups=groups)
    write_text(out / "index.html", text)


def _write_board(
    out: Path, name: str, store: Store, workspace: Workspace, with_records: bool
) -> SiteBoard:
    page, files_in = out / f"{name}.html", store.folder
    if with_records and store.files():
        files_in = out / name
        unpack_records(store.folder, files_in)
    tables = read_folder(store, workspace.table_cache, workspace.registry.sources_of(store.board()))
    context = write_page(
        page, tables.full, tables.clean, page_records(tables.records), store.folder,
        workspace.registry, files_in, site=True,
    )  # fmt: skip
    return SiteBoard(quote(page.name), context)
