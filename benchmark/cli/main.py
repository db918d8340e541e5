"""The command: its groups, its global options, and how an error ends."""

import logging
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from benchmark import __version__
from benchmark.cli import data, source, submit
from benchmark.cli.advise import advise
from benchmark.cli.compare import compare
from benchmark.cli.demo import demo
from benchmark.cli.forecast import forecast
from benchmark.cli.help import CommandsInOrder, add
from benchmark.cli.leaderboard import leaderboard
from benchmark.cli.list import list_command
from benchmark.cli.pack_records import pack_records
from benchmark.cli.prelabel import prelabel
from benchmark.cli.pretrain import pretrain
from benchmark.cli.reproduce import reproduce
from benchmark.cli.run import run
from benchmark.cli.sequence import sequence
from benchmark.cli.show import show
from benchmark.cli.site import site
from benchmark.cli.status import status
from benchmark.cli.terminal import console, errors, print_text, settings
from benchmark.errors import BenchmarkError, in_one_line
from benchmark.workers import configure_process

app = typer.Typer(
    cls=CommandsInOrder,
    rich_markup_mode="rich",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="How well does what a network learned somewhere else transfer to medical image "
    "segmentation? Source tasks x target tasks, one fixed fine-tuning protocol, leaderboards.\n\n"
    "Start with `segtransfer demo` (offline, a minute), then `segtransfer list`.",
)
add(app, "demo", demo, "demo")
add(app, "list", list_command, "list sources --domain brain_mri --task segmentation")
add(app, "show", show, "show quickstart_v2")
add(app, "advise", advise, "advise --domain ultrasound --subjects 16")
add(
    app,
    "forecast",
    forecast,
    "forecast --target phantom_fetal_head --sources scratch --board quickstart_v2",
)
app.add_typer(data.app, name="data")
app.add_typer(source.app, name="source")
add(app, "pretrain", pretrain, "pretrain phantom_brain_segmentation --board quickstart_v2")
add(app, "run", run, "run quickstart_v2 --sources scratch --seeds 0 --dry-run")
add(app, "status", status, "status quickstart_v2")
add(app, "leaderboard", leaderboard, "leaderboard quickstart_v2 --html page.html")
add(app, "pack-records", pack_records, "pack-records runs/demo_v3")
add(app, "compare", compare, "compare phantom_brain_segmentation scratch --board quickstart_v2")
add(app, "site", site, "site public --with-records")
add(app, "reproduce", reproduce, "reproduce real_wang2023 --dry-run")
app.add_typer(submit.app, name="submit")
add(app, "sequence", sequence, "sequence phantom_sequence_v2 --seeds 0 --dry-run")
add(app, "prelabel", prelabel,
    "--content cards prelabel quickstart_v2 --target clinic --source scratch --images new "
    "--out proposed")  # fmt: skip


@app.callback(invoke_without_command=True)
def _common(
    context: typer.Context,
    content: Annotated[
        list[Path] | None,
        typer.Option(help="Folder with further cards of your own; may be repeated."),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(help="Where local data and weights are kept (default: the user's cache)."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    settings.content, settings.debug = tuple(content or ()), debug
    settings.home = home
    if debug:
        logging.basicConfig(format="%(message)s")
        logging.getLogger("segtransfer").setLevel(logging.DEBUG)
    settings.__dict__.pop("workspace", None)  # of an earlier call in this process
    if version:
        print_text(f"segtransfer {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        console.print(context.get_help())


def main() -> None:
    """Run the command; an error is one line, and with --debug its traceback.

    Exit status: 1 for what is refused or cannot be done, 2 for a wrong option, 3 for a run that
    finished with failures, 130 for one that was stopped.
    """
    configure_process()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a sign shows ?
    words = sys.argv[1:]
    if "--debug" in words:  # wherever it is added to a command that was typed before
        words = ["--debug", *(word for word in words if word != "--debug")]
    try:
        app(words)
    except Exception as error:
        if settings.debug:
            raise
        errors.print(f"error: {in_one_line(error)}", markup=False)
        sys.exit(error.exit_status if isinstance(error, BenchmarkError) else 1)
