"""`segtransfer leaderboard`: tables, files and figures of finished records."""

from pathlib import Path
from typing import Annotated

import typer

import benchmark
from benchmark.cli.terminal import console, print_text, settings
from benchmark.errors import CardError, unknown_name
from benchmark.files import write_bytes
from benchmark.records.run_errors import run_errors
from benchmark.workspace import Workspace

FORMATS = {"text": ".txt", "markdown": ".md", "csv": ".csv", "latex": ".tex", "json": ".json",
           "parquet": ".parquet"}  # fmt: skip


def leaderboard(
    board: Annotated[str, typer.Argument(help="A leaderboard folder, or a board's id.")],
    target: Annotated[str, typer.Option(help="One target only.")] = "",
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
    reviewers: Annotated[
        Path | None,
        typer.Option(help="Folder for the scores as Rankings and Claims Reloaded read them."),
    ] = None,
    groups: Annotated[
        bool, typer.Option("--groups", help="Print scores of groups of test subjects instead.")
    ] = False,
) -> None:
    """Print the table of a leaderboard folder, of runs/BOARD, or of a shipped board.

    With --html, --figures or --reviewers alone only those are written.
    """
    file_format, workspace = _format(format_, out), settings.workspace
    store = benchmark.find_leaderboard(board, workspace)
    exported = out is not None or file_format != "text"
    if html is not None:
        _write_page(store, html, workspace, target)
        if figures is None and reviewers is None and not exported:
            return
    view = benchmark.BoardView(store, workspace, clean=clean, target=target)
    if groups:
        return _print_groups(view)
    if figures is not None:
        _write_figures(view, figures)
    if reviewers is not None:
        from benchmark.views.reviewers import write_reviewer_files

        files = write_reviewer_files(reviewers, view.leaderboard)
        print_text(f"{len(files)} files in {reviewers}")
    if exported:
        _export(view, file_format, out)
    elif html is None and figures is None and reviewers is None:
        _show(view)


def _write_page(store: "benchmark.Store", out: Path, workspace: Workspace, target: str) -> None:
    from benchmark.views.board import write_board_page

    if target:
        raise CardError("--html shows every target; leave out --target")
    write_board_page(store, out, workspace)
    print_text(f"page: {out}")


def _show(view: "benchmark.BoardView") -> None:
    """Print the table, and what could not be run."""
    print_view(view)
    for note in run_errors(view.store.folder):
        print_text(f"could not be run on {note.host}: {note.name}: {note.error}")


def _print_groups(view: "benchmark.BoardView") -> None:
    from benchmark.views.subgroups import METHOD, subgroup_tables
    from benchmark.views.terminal import print_table

    tables = subgroup_tables(view.groups)
    if not tables:
        raise CardError(
            f"{view.leaderboard.board.id}: no ranked entry on a data set with groups of subjects; "
            "they stand in groups.csv beside its card, see `segtransfer data groups --help`"
        )
    for table in tables:
        print_table(table, console)
    print_text(METHOD)


def _export(view: "benchmark.BoardView", file_format: str, out: Path | None) -> None:
    """Print the leaderboard in a format, or write it to a file."""
    if file_format == "text":
        content: str | bytes = view.to_text(console.width)
    else:
        content = getattr(view, f"to_{file_format}")()
    if out is None:
        typer.echo(content, nl=False)
    else:
        write_bytes(out, content.encode() if isinstance(content, str) else content)


def print_board(store: "benchmark.Store", workspace: Workspace) -> None:
    """Write leaderboard.csv and README.md into a run's folder, and print the table."""
    print_view(benchmark.BoardView(store, workspace))


def print_view(view: "benchmark.BoardView") -> None:
    """Write the tables where the folder is a run, and print them."""
    written = view.write_tables()
    view.print(console)
    if written:
        folder = view.store.folder
        print_text(f"records, leaderboard.csv and README.md: {folder}")


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
        raise CardError("--format parquet is not text; add --out FILE.parquet")
    return name or "text"


def _write_figures(view: "benchmark.BoardView", folder: Path) -> None:
    """Draw every figure that can be drawn, and name the others."""
    from benchmark.views.figures.catalogue import board_figures, write_figures

    written, not_drawn = write_figures(folder, board_figures(view.leaderboard, view.matches))
    for figure in not_drawn:
        print_text(f"not drawn: {figure.name}: {figure.why}")
    print_text(f"{len(written)} files in {folder}")
