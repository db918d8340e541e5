"""`segtransfer submit`: pack one source's results, verify a pack, merge it into a leaderboard."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

import benchmark
from benchmark.cli.help import add
from benchmark.cli.leaderboard import print_board
from benchmark.cli.terminal import console, print_text, settings
from benchmark.errors import SubmissionError
from benchmark.views.text import TextTable, counted

if TYPE_CHECKING:
    from benchmark.submission.verify import Verdict

app = typer.Typer(
    no_args_is_help=True, help="Pack results, verify a pack, merge it into a leaderboard."
)
BoardFolder = Annotated[
    Path | None,
    typer.Option(help="Folder of the accepted records (default: the shipped board's)."),
]
PackPath = Annotated[Path, typer.Argument(help="A packed submission: a folder or a zip.")]


def pack(
    folder: Annotated[Path, typer.Argument(help="Leaderboard folder that `run` has written.")],
    source: Annotated[str, typer.Option(help="Id of the source, or the path of its card.")],
    out: Annotated[
        Path | None, typer.Option(help="A .zip or a folder (default: BOARD_SOURCE.zip).")
    ] = None,
    with_predictions: Annotated[
        bool, typer.Option("--with-predictions", help="Pack the label maps, to be scored again.")
    ] = False,
) -> None:
    """Pack card, records, per-case scores, prediction hashes and a manifest of one source."""
    from benchmark.planning.comparators import find_source, own_baselines

    store = benchmark.Store(folder)
    board = store.board()
    workspace, card = find_source(settings.workspace, source)
    path = out or Path(f"{board.id}_{card.id}.zip")
    baselines = own_baselines(workspace.registry, board, card)
    made = benchmark.pack_submission(
        store, card, path, baselines=baselines, with_predictions=with_predictions
    )
    size = sum(facts.bytes for facts in made.files.values()) / 1e6
    print_text(f"{path}: {counted(len(made.files), 'file')}, {size:.1f} MB unpacked")
    for baseline in baselines:
        if baseline.id not in made.baselines:
            print_text(
                f"no record of {baseline.id} with prediction hashes; unless the board has some, "
                f"the pack shows no gain: type `segtransfer run {board.id} --source {source} "
                f"--out {folder}` and pack again"
            )
    if made.missing:
        print_text(
            f"missing, and listed as such: {counted(len(made.missing), 'cell')} of the board"
        )
    print_text(f"next: segtransfer submit verify {path}")


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

    with benchmark.verify_submission(path, settings.workspace, _store(board_folder)) as verdict:
        print_checks(verdict)
        write_reports(verdict, html, markdown)
        if verdict.refused:
            raise typer.Exit(1)


def merge(
    path: PackPath,
    board_folder: BoardFolder = None,
    cards: Annotated[
        Path | None,
        typer.Option(help="Folder for the source card (default: tasks/source beside it)."),
    ] = None,
    rerun: Annotated[
        Path | None, typer.Option(help="Folder that `run --rerun-of` of this pack has written.")
    ] = None,
) -> None:
    """Verify a pack, copy it into a leaderboard, and write its tables again."""
    from benchmark.submission.merge import card_folder

    with benchmark.verify_submission(path, settings.workspace, _store(board_folder)) as verdict:
        submission = verdict.submission
        if verdict.refused or submission is None:
            print_checks(verdict)
            raise SubmissionError(f"{path}: was refused; nothing was merged")
        folder = card_folder(submission.store.folder, cards)
        names = benchmark.merge_submission(verdict, folder, rerun)
        print_board(submission.store, submission.workspace)
        print_text(f"merged {counted(len(names), 'record')}; card: {folder}")


add(app, "pack", pack, "submit pack runs/quickstart_v2 --source my_encoder")
add(app, "verify", verify, "submit verify quickstart_v2_my_encoder.zip --html checks.html")
add(app, "merge", merge, "submit merge quickstart_v2_my_encoder.zip")


def print_checks(verdict: "Verdict") -> None:
    """Print the checks with ticks, the new rows, and the verdict."""
    from benchmark.submission.report import TICKS, headline, trust_line
    from benchmark.submission.standing import HEADS
    from benchmark.views.terminal import print_table

    table = Table("", "check", "found", box=SIMPLE)
    for check in verdict.checklist.checks:
        state = "" if check.state == "passed" else f"\n{check.state}"
        findings = escape("\n".join(check.findings[:5]))
        table.add_row(TICKS[check.state], check.name + state, findings)
    console.print(table)
    if verdict.standing.placements:
        rows = [[*placement] for placement in verdict.standing.placements]
        print_table(TextTable("", [*HEADS], rows), console)
        print_text(trust_line(verdict))
    print_text(headline(verdict))


def _store(folder: Path | None) -> "benchmark.Store | None":
    return benchmark.Store(folder) if folder else None
