"""The command `segtransfer`. Heavy imports happen inside the commands that need them."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from benchmark import __version__
from benchmark.cards.board import BoardCard
from benchmark.cards.content import content_roots, default_home
from benchmark.cards.registry import Registry
from benchmark.errors import BenchmarkError, CardError, unknown_name
from benchmark.records.store import Store, write_text

if TYPE_CHECKING:
    from benchmark.running.plan import Selection, Transfer

console = Console()
errors = Console(stderr=True, soft_wrap=True, highlight=False)


@dataclass
class Settings:
    """Where cards and local data lie, and whether errors show their traceback."""

    content: Path | None = None
    home: Path = Path()
    debug: bool = False

    def registry(self) -> Registry:
        """All cards."""
        return Registry.load(content_roots(self.content))


settings = Settings()
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="How well does what a network learned somewhere else transfer to medical image "
    "segmentation? Source tasks x target tasks, one fixed fine-tuning protocol, leaderboards.\n\n"
    "Start with `segtransfer demo` (offline, a minute), then `segtransfer list`.",
)
data_app = typer.Typer(no_args_is_help=True, help="Register and check local copies of data sets.")
source_app = typer.Typer(no_args_is_help=True, help="Register checkpoints of source tasks.")
app.add_typer(data_app, name="data")
app.add_typer(source_app, name="source")


@app.callback(invoke_without_command=True)
def _common(
    context: typer.Context,
    content: Annotated[
        Path | None, typer.Option(help="Folder with further cards of your own.")
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(help="Where local data and weights are kept [default: the user's cache]."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    settings.content, settings.debug = content, debug
    settings.home = home or default_home()
    if version:
        console.print(f"segtransfer {__version__}", highlight=False)
        raise typer.Exit
    if context.invoked_subcommand is None:
        console.print(context.get_help())


@app.command("list")
def list_cards(
    kind: Annotated[
        str | None, typer.Argument(help="datasets, sources, targets or boards; all when left out.")
    ] = None,
) -> None:
    """List every card: data sets, source tasks, target tasks, boards."""
    kinds = ("datasets", "sources", "targets", "boards")
    if kind is not None and kind not in kinds:
        raise CardError(unknown_name("kind of card", kind, kinds))
    table = Table("kind", "id", "what it is")
    for found, card in settings.registry().cards():
        if kind in (None, found):
            table.add_row(found, card.id, card.title)
    console.print(table)


@app.command()
def show(name: Annotated[str, typer.Argument(help="Id of any card.")]) -> None:
    """Show everything a card says."""
    registry = settings.registry()
    found = [(kind, card) for kind, card in registry.cards() if card.id == name]
    if not found:
        known = [card.id for _, card in registry.cards()]
        raise CardError(unknown_name("card", name, known) + " `segtransfer list` shows all.")
    for kind, card in found:
        console.rule(f"{kind.removesuffix('s')} {card.id}", align="left")
        console.print_json(card.model_dump_json())


@data_app.command("import")
def data_import(
    name: Annotated[str, typer.Argument(help="Id of the data set.")],
    folder: Annotated[Path, typer.Option("--from", help="Folder of your copy.")],
) -> None:
    """Check a local copy against its card and register it; nothing is copied."""
    from benchmark.data.local import register

    registry = settings.registry()
    with bars() as progress:
        task = progress.add_task(f"reading {name}", total=None)
        copy = register(
            registry,
            name,
            folder,
            settings.home,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    console.print(copy.summary(), highlight=False)


@data_app.command("check")
def data_check(name: Annotated[str, typer.Argument(help="Id of the data set.")]) -> None:
    """Read the registered copy once more and compare it with its card."""
    from benchmark.data.local import local_copy

    data_import(name, Path(local_copy(name, settings.home).root))


@data_app.command("split")
def data_split(
    name: Annotated[str, typer.Argument(help="Id of the data set.")],
    folder: Annotated[Path, typer.Option("--from", help="Folder of your copy.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write [default: splits.csv beside the card].")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed gives another split.")] = 0,
) -> None:
    """Draw a fixed split (60 / 20 / 20 % of the subjects) for a data set of your own."""
    from benchmark.data.layouts import find_cases
    from benchmark.data.splits import make_split

    registry = settings.registry()
    card = registry.dataset(name)
    path = out or registry.folders[name] / "splits.csv"
    if path.exists():
        raise CardError(f"{path}: exists, and splits are fixed; remove it first to draw another")
    rows = make_split(find_cases(card, folder), seed=seed)
    lines = ["case,subject,subset", *(f"{r.case},{r.subject},{r.subset}" for r in rows)]
    write_text(path, "\n".join(lines) + "\n")
    console.print(f"{path}: {len(rows)} cases of {len({r.subject for r in rows})} subjects")


@source_app.command("import")
def source_import(
    name: Annotated[str, typer.Argument(help="Id of the source task.")],
    file: Annotated[Path, typer.Option("--from", help="The checkpoint.")],
) -> None:
    """Check a checkpoint against its card (SHA-256) and keep a copy of it."""
    from benchmark.running.sources import import_weights

    path = import_weights(settings.registry(), name, file, settings.home)
    console.print(f"{name}: {path}", highlight=False)


@app.command()
def run(
    board: Annotated[str, typer.Argument(help="Id of the board.")],
    sources: Annotated[str, typer.Option(help="Comma-separated; any source card.")] = "",
    targets: Annotated[str, typer.Option(help="Comma-separated; of the board.")] = "",
    strategies: Annotated[str, typer.Option(help="Comma-separated; of the board.")] = "",
    sizes: Annotated[str, typer.Option(help="Numbers of training subjects; 0 = all.")] = "",
    seeds: Annotated[str, typer.Option(help="Comma-separated; of the board.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Leaderboard folder [default: runs/BOARD].")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    jobs: Annotated[int, typer.Option(min=1, help="Cells at a time, a process each.")] = 1,
    limit_steps: Annotated[
        int | None, typer.Option(min=1, help="Trial with fewer steps; unranked.")
    ] = None,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Accept incomplete weights; marked.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is to do.")] = False,
) -> None:
    """Run a board's transfers and print its table.

    Finished cells are never run again: after Ctrl-C or a crash, type the same command.
    """
    from benchmark.running.plan import Selection

    chosen = Selection(
        sources=_names(sources),
        targets=_names(targets),
        strategies=_names(strategies),
        train_subjects=_numbers("--sizes", sizes),
        seeds=_numbers("--seeds", seeds),
        limit_steps=limit_steps,
    )
    registry = settings.registry()
    card = registry.board(board)
    trial = f"_trial{limit_steps}" if limit_steps else ""
    folder = out or Path("runs") / f"{board}{trial}"
    run_board(registry, card, chosen, folder, device, jobs, allow_partial, dry_run)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Leaderboard folder.")] = Path("runs/demo_v1"),
) -> None:
    """Offline and synthetic: pretrain two sources on phantoms, fine-tune, score, rank."""
    from benchmark.running.plan import Selection

    registry = settings.registry()
    run_board(registry, registry.board("demo_v1"), Selection(), out, "cpu", 1, False, False)


@app.command()
def leaderboard(
    board: Annotated[str, typer.Argument(help="A leaderboard folder, or a board's id.")],
) -> None:
    """Print the table of a leaderboard folder, of runs/BOARD, or of a shipped board."""
    folder = Path(board)
    if not (folder / "board.yaml").is_file():
        folder = Path("runs") / board
    if not (folder / "board.yaml").is_file():
        registry = settings.registry()
        registry.board(board)
        folder = registry.folders[board]
    print_board(Store(folder))


def run_board(
    registry: Registry,
    board: BoardCard,
    chosen: "Selection",
    folder: Path,
    device: str,
    jobs: int,
    allow_partial: bool,
    dry_run: bool,
) -> None:
    """Pretrain what is missing, run what is missing, write and print the table."""
    from benchmark.running.plan import missing_pretraining, plan

    store = Store(folder)
    if missing := missing_pretraining(registry, board, chosen, settings.home):
        if dry_run:
            console.print(f"to pretrain first: {', '.join(missing)}")
            return
        from benchmark.running.grid import pretrain_sources

        with bars() as progress:
            show_stage = StageDisplay(progress)
            pretrain_sources(registry, board, missing, settings.home, device, show_stage)
    transfers = plan(registry, board, chosen, settings.home)
    todo = [cell for cell in transfers if not store.has(cell.cell, cell.key)]
    done = len(transfers) - len(todo)
    if dry_run:
        console.print(f"{done} of {len(transfers)} cells are done; to run:")
        for transfer in todo:
            console.print(f"  {transfer.cell.path}", highlight=False)
        return
    copy_board(registry, board, folder)
    if todo:
        run_missing(registry, store, todo, done, device, jobs, allow_partial)
    else:
        console.print(f"all {len(transfers)} cells were already done")
    print_board(store)


def run_missing(
    registry: Registry,
    store: Store,
    todo: "list[Transfer]",
    done: int,
    device: str,
    jobs: int,
    allow_partial: bool,
) -> None:
    """Run cells under progress bars; Ctrl-C ends with one line and exit status 130."""
    from benchmark.running.grid import run_transfers

    finished = done
    with bars() as progress:
        total = done + len(todo)
        overall = progress.add_task("cells", total=total, completed=done)

        def count() -> None:
            nonlocal finished
            finished += 1
            progress.update(overall, completed=finished)

        try:
            run_transfers(
                todo,
                registry,
                store,
                settings.home,
                device=device,
                jobs=jobs,
                allow_partial=allow_partial,
                progress=StageDisplay(progress),
                finished=count,
            )
        except KeyboardInterrupt:
            progress.stop()
            errors.print(f"stopped: {finished} of {total} cells are done; type the same command")
            raise typer.Exit(130) from None


def copy_board(registry: Registry, board: BoardCard, folder: Path) -> None:
    """Put the board's card into the folder; refuse a folder of another board or version."""
    from benchmark.cards.card import read_yaml

    source = registry.folders[board.id] / "board.yaml"
    target = folder / "board.yaml"
    if target.is_file() and read_yaml(target) != read_yaml(source):
        raise CardError(f"{target}: differs from {source}; choose another folder with --out")
    if not target.is_file():
        write_text(target, source.read_text(encoding="utf-8"))


def print_board(store: Store) -> None:
    """Write leaderboard.csv and README.md where the folder is a run, and print the table."""
    from benchmark.reporting.leaderboard import build_leaderboard
    from benchmark.reporting.tables import print_leaderboard, write_leaderboard

    board = build_leaderboard(store.board(), (record for _, record in store.records()))
    if os.access(store.folder, os.W_OK):
        write_leaderboard(store.folder, board)
    print_leaderboard(board, console)
    console.print(f"records, leaderboard.csv and README.md: {store.folder}", highlight=False)


def bars() -> Bars:
    """Progress bars on standard error, so that tables can be piped."""
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )


class StageDisplay:
    """Shows (stage, done, total) as one bar that changes its name."""

    def __init__(self, progress: Bars) -> None:
        """Add the bar."""
        self.progress, self.task = progress, progress.add_task("starting", total=None)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Update the bar."""
        self.progress.update(self.task, description=stage, completed=done, total=total)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(option: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in _names(text))
    except ValueError:
        raise CardError(f"{option} {text!r}: expected whole numbers, comma-separated") from None


def main() -> None:
    """Run the command; what a user can mend is one line and exit status 1."""
    try:
        app()
    except BenchmarkError as error:
        if settings.debug:
            raise
        errors.print(f"error: {error}", markup=False)
        sys.exit(1)
