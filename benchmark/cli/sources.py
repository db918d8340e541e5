"""`segtransfer source`: checkpoints of source tasks."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.terminal import console, settings

app = typer.Typer(no_args_is_help=True, help="Register checkpoints of source tasks.")


@app.command("import")
def source_import(
    name: Annotated[str, typer.Argument(help="Id of the source task.")],
    file: Annotated[Path, typer.Option("--from", help="The checkpoint.")],
) -> None:
    """Check a checkpoint against its card (SHA-256) and keep a copy of it."""
    from benchmark.running.sources import import_weights

    path = import_weights(settings.registry(), name, file, settings.home)
    console.print(f"{name}: {path}", highlight=False)
