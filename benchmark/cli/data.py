"""`segtransfer data`: local copies of data sets."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.terminal import bars, console, settings
from benchmark.errors import CardError
from benchmark.records.store import write_text

app = typer.Typer(no_args_is_help=True, help="Register and check local copies of data sets.")


@app.command("import")
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


@app.command("check")
def data_check(name: Annotated[str, typer.Argument(help="Id of the data set.")]) -> None:
    """Read the registered copy once more and compare it with its card."""
    from benchmark.data.local import local_copy

    data_import(name, Path(local_copy(name, settings.home).root))


@app.command("split")
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
