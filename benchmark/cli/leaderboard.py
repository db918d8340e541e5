"""`segtransfer leaderboard`: tables, files and figures of finished records."""

import os
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from benchmark.cards.registry import Registry
from benchmark.cli.terminal import console, settings
from benchmark.errors import CardError, unknown_name
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.leaderboard.build import Leaderboard
    from benchmark.leaderboard.match import MatchView
    from benchmark.records.store import Store
    from benchmark.views.text import TextTable

FORMATS = {"text": ".txt", "markdown": ".md", "csv": ".csv", "latex": ".tex", "json": ".json",
           "parquet": ".parquet"}  # fmt: skip


def leaderboard(
    board: Annotated[str, typer.Argument(help="A leaderboard folder, or a board's id.")],
    clean: Annotated[
        bool, typer.Option("--clean", help="Without cells whose source saw the target's data.")
    ] = False,
    format_: Annotated[
        str, typer.Option("--format", help=f"{', '.join(FORMATS)} (default: by --out, or text).")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Write there instead of printing.")] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Folder for all figures, as SVG and PNG.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write one self-contained page.")] = None,
) -> None:
    """Print the table of a leaderboard folder, of runs/BOARD, or of a shipped board.

    With --html or --figures alone only those are written.
    """
    how = _format(format_, out)
    store, registry = find_store(board), settings.workspace.registry
    if html is not None:
        write_html(store, html, registry)
    if figures is not None:
        write_all_figures(store, figures, registry, clean)
    if out is not None:
        _write(out, _content(how, store, registry, clean))
    elif format_ not in ("", "text"):
        typer.echo(_content(how, store, registry, clean), nl=False)
    elif clean and not (html or figures):
        _print(store, *_build(store, registry, clean), console)
    elif not (html or figures):
        print_board(store, settings.workspace)


def find_store(board: str) -> "Store":
    """A leaderboard folder: the path itself, runs/BOARD, or the shipped board.

    Raises:
        CardError: There is none of that name.
    """
    from benchmark.records.store import Store

    for folder in (Path(board), Path("runs") / board):
        if (folder / "board.yaml").is_file():
            return Store(folder)
    registry = settings.workspace.registry
    registry.board(board)
    return Store(registry.folders[board])


def print_board(store: "Store", workspace: Workspace) -> None:
    """Write leaderboard.csv and README.md where the folder is a run, and print the table.

    Finished sequences are printed too.
    """
    from benchmark.views.markdown import write_leaderboard

    board, views = _build(store, workspace.registry)
    written = len(board.rows) > 0 and os.access(store.folder, os.W_OK)
    if written:
        write_leaderboard(store.folder, board, _match_tables(views))
    _print(store, board, views, console)
    if written:
        console.print(f"records, leaderboard.csv and README.md: {store.folder}", highlight=False)


def _print(store: "Store", board: "Leaderboard", views: "list[MatchView]", where: Console) -> None:
    from benchmark.leaderboard.sequences import read_sequences
    from benchmark.views.sequences import print_sequences
    from benchmark.views.terminal import print_leaderboard

    sequences = read_sequences(store.folder, board.board)
    if len(board.rows) or sequences is None:
        print_leaderboard(board, where, _match_tables(views))
    if sequences is not None:
        print_sequences(sequences, where)


def _read(store: "Store", clean: bool) -> "Leaderboard":
    from benchmark.leaderboard.folder import read_leaderboard

    return read_leaderboard(store, clean=clean, cache=settings.workspace.table_cache)


def _build(
    store: "Store", registry: Registry, clean: bool = False
) -> "tuple[Leaderboard, list[MatchView]]":
    from benchmark.leaderboard.match import match_views, pretraining_caps, target_domains

    board = _read(store, clean)
    return board, match_views(board, target_domains(registry), pretraining_caps(registry))


def _match_tables(views: "list[MatchView]") -> "list[TextTable]":
    from benchmark.views.match import match_table

    several = [view for view in views if view.cells["source_domain"].nunique() > 1]
    return [match_table(several)] if several else []


def _format(name: str, out: Path | None) -> str:
    """The format that is asked for, or that the file's ending names."""
    if name:
        if name not in FORMATS:
            raise CardError(unknown_name("format", name, FORMATS))
    elif out is not None:
        endings = {ending: known for known, ending in FORMATS.items()}
        if out.suffix not in endings:
            raise CardError(f"--out {out}: ending unknown; add --format {', '.join(FORMATS)}")
        name = endings[out.suffix]
    if name == "parquet" and out is None:
        raise CardError("--format parquet is no text; add --out FILE.parquet")
    return name or "text"


def _content(how: str, store: "Store", registry: Registry, clean: bool) -> str | bytes:
    """The leaderboard in one of the formats; CSV and Parquet hold its rows alone."""
    if how == "csv":
        from benchmark.views.csv import to_csv

        return to_csv(_read(store, clean))
    if how == "parquet":
        from benchmark.views.parquet import to_parquet

        return to_parquet(_read(store, clean))
    from benchmark.leaderboard.sequences import read_sequences
    from benchmark.views.markdown import to_markdown
    from benchmark.views.sequences import footer, sequence_markdown, sequence_tables

    board, views = _build(store, registry, clean)
    more, sequences = _match_tables(views), read_sequences(store.folder, board.board)
    if how == "json":
        from benchmark.views.json import to_json

        return to_json(board, views, sequences)
    if how == "markdown":
        found = [to_markdown(board, more)] if len(board.rows) or not sequences else []
        return "\n".join([*found, *([sequence_markdown(sequences)] if sequences else [])])
    if how == "latex":
        from benchmark.views.latex import to_latex

        if sequences is None:
            return to_latex(board, more)
        return to_latex(board, [*more, *sequence_tables(sequences)], [footer(sequences)])
    plain = Console(file=StringIO(), width=console.width)
    with plain.capture() as captured:
        _print(store, board, views, plain)
    return captured.get()


def write_html(store: "Store", out: Path, registry: Registry) -> None:
    """The page of one board."""
    from benchmark.leaderboard.folder import read_boards
    from benchmark.views.page.facts import page_records
    from benchmark.views.page.write import write_page

    found = read_boards(store, settings.workspace.table_cache)
    facts = page_records(found.cells, found.trust)
    write_page(out, found.full, found.clean, facts, store.folder, registry)
    console.print(f"page: {out}", highlight=False, markup=False)


def write_all_figures(store: "Store", folder: Path, registry: Registry, clean: bool) -> None:
    """Every figure that can be drawn; what cannot is said in one line each."""
    from benchmark.views.figures.catalogue import board_figures, write_figures

    board, views = _build(store, registry, clean)
    written, left_out = write_figures(folder, board_figures(board, views))
    for one in left_out:
        console.print(f"not drawn: {one.name}: {one.why}", highlight=False, markup=False)
    console.print(f"{len(written)} files in {folder}", highlight=False, markup=False)


def _write(path: Path, content: str | bytes) -> None:
    from benchmark.files import write_bytes

    if isinstance(content, str):
        from benchmark.files import write_text

        write_text(path, content)
    else:
        write_bytes(path, content)
