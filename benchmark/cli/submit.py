"""`segtransfer submit`: pack one source's results, verify a pack, merge it into a leaderboard."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from benchmark.cli.terminal import console, print_text, settings
from benchmark.errors import SubmissionError

if TYPE_CHECKING:
    from benchmark.records.store import Store
    from benchmark.submission.verify import Verdict

app = typer.Typer(
    no_args_is_help=True, help="Pack results, verify a pack, merge it into a leaderboard."
)
BoardFolder = Annotated[
    Path | None,
    typer.Option(help="Folder of the accepted records.", show_default="the shipped board's"),
]
PackPath = Annotated[Path, typer.Argument(help="A packed submission: a folder or a zip.")]


@app.command()
def pack(
    folder: Annotated[Path, typer.Argument(help="Leaderboard folder that `run` has written.")],
    source: Annotated[str, typer.Option(help="Id of the source, or the path of its card.")],
    out: Annotated[
        Path | None, typer.Option(help="A .zip or a folder.", show_default="BOARD_SOURCE.zip")
    ] = None,
    with_predictions: Annotated[
        bool, typer.Option("--with-predictions", help="Pack the label maps, to be scored again.")
    ] = False,
) -> None:
    """Pack card, records, per-case scores, prediction hashes and a manifest of one source."""
    from benchmark.planning.comparators import find_source
    from benchmark.records.store import Store
    from benchmark.submission.pack import pack as write_pack

    workspace, card = find_source(settings.workspace, source)
    registry = workspace.registry
    store = Store(folder)
    path = out or Path(f"{store.board().id}_{card.id}.zip")
    made = write_pack(registry, store, card.id, path, with_predictions=with_predictions)
    size = sum(facts.bytes for facts in made.files.values()) / 1e6
    print_text(f"{path}: {len(made.files)} files, {size:.1f} MB unpacked")
    if made.missing:
        print_text(f"{len(made.missing)} cells of the board are missing, and listed as such")
    print_text(f"next: segtransfer submit verify {path}")


@app.command()
def verify(
    path: PackPath,
    board_folder: BoardFolder = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with every finding.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write a comment in Markdown.")] = None,
) -> None:
    """Check a pack from its files alone; nothing of the submitter's is run.

    Exit status 1 where it is refused. Label maps in the pack are scored again where the data
    are on this machine.
    """
    from benchmark.submission.report import write_reports
    from benchmark.submission.verify import verified

    with verified(path, settings.workspace, _store(board_folder)) as verdict:
        print_checks(verdict)
        write_reports(verdict, html, markdown)
        if verdict.refused:
            raise typer.Exit(1)


@app.command()
def merge(
    path: PackPath,
    board_folder: BoardFolder = None,
    cards: Annotated[
        Path | None,
        typer.Option(help="Folder for the source card.", show_default="tasks/source beside it"),
    ] = None,
    rerun: Annotated[
        Path | None, typer.Option(help="Folder that `run --rerun-of` of this pack has written.")
    ] = None,
) -> None:
    """Verify a pack, copy it into a leaderboard, and write its tables again."""
    from benchmark.cli.leaderboard import print_board
    from benchmark.submission.merge import card_folder
    from benchmark.submission.merge import merge as copy_pack
    from benchmark.submission.verify import verified

    with verified(path, settings.workspace, _store(board_folder)) as verdict:
        if verdict.refused or verdict.store is None or verdict.registry is None:
            print_checks(verdict)
            raise SubmissionError(f"{path}: was refused; nothing was merged")
        store = verdict.store
        where = card_folder(store.folder, cards)
        names = copy_pack(verdict, store, where, rerun)
        print_board(store, replace(settings.workspace, registry=verdict.registry))
        print_text(f"merged {len(names)} records; card: {where}")


def print_checks(verdict: "Verdict") -> None:
    """The checks with ticks, the new rows, and what came of it."""
    from benchmark.submission.report import HEADS, TICKS, headline, trust_line

    table = Table("", "check", "found", box=SIMPLE)
    for one in verdict.checklist.checks:
        state = "" if one.state == "passed" else f"\n{one.state}"
        table.add_row(TICKS[one.state], one.name + state, escape("\n".join(one.details[:5])))
    console.print(table)
    if verdict.standing.placements:
        rows = Table(box=SIMPLE)
        for head in HEADS:
            rows.add_column(escape(head), overflow="fold", min_width=10)
        for place in verdict.standing.placements:
            rows.add_row(*map(escape, place.cells))
        console.print(rows)
        print_text(trust_line(verdict))
    print_text(headline(verdict))


def _store(folder: Path | None) -> "Store | None":
    if folder is None:
        return None
    from benchmark.records.store import Store

    return Store(folder)
