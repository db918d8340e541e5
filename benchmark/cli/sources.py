"""`segtransfer source`: checkpoints of source tasks."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.terminal import bars, console, settings

app = typer.Typer(no_args_is_help=True, help="Fetch and register checkpoints of source tasks.")


@app.command("get")
def source_get(name: Annotated[str, typer.Argument(help="Id of the source task.")]) -> None:
    """Fetch a checkpoint from where its card says, verify it and keep it."""
    from benchmark.running.sources import get_weights

    with bars(transfer=True) as progress:
        task = progress.add_task(f"fetching {name}", total=None)
        stored = get_weights(
            settings.registry(),
            name,
            settings.home,
            lambda done, total: progress.update(task, completed=done, total=total or None),
        )
    console.print(f"{name}: sha256 {stored.sha256}\n  from {stored.origin}", highlight=False)


@app.command("import")
def source_import(
    name: Annotated[str, typer.Argument(help="Id of the source task.")],
    file: Annotated[Path, typer.Option("--from", help="The checkpoint.")],
) -> None:
    """Check a checkpoint against its card (SHA-256) and keep a copy of it."""
    from benchmark.running.sources import import_weights

    stored = import_weights(settings.registry(), name, file, settings.home)
    console.print(f"{name}: {stored.path(settings.home)}", highlight=False)
