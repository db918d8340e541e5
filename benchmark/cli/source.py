"""`segtransfer source`: checkpoints of source tasks."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.data import say
from benchmark.cli.options import Device
from benchmark.cli.source_check import source_check
from benchmark.cli.source_new import source_new
from benchmark.cli.terminal import StageDisplay, bars, console, errors, settings
from benchmark.errors import CardError

app = typer.Typer(no_args_is_help=True, help="Checkpoints of source tasks: draft, check, fetch.")
app.command("new")(source_new)
app.command("check")(source_check)


@app.command("get")
def source_get(name: Annotated[str, typer.Argument(help="Id of the source task.")]) -> None:
    """Fetch a checkpoint from where its card says, verify it and keep it."""
    from benchmark.models.weight_store import get_weights

    with bars(transfer=True) as progress:
        task = progress.add_task(f"fetching {name}", total=None)
        stored = get_weights(
            settings.workspace,
            name,
            lambda done, total: progress.update(task, completed=done, total=total or None),
        )
    console.print(f"{name}: sha256 {stored.sha256}\n  from {stored.origin}", highlight=False)


@app.command("import")
def source_import(
    name: Annotated[str, typer.Argument(help="Id of the source task.")],
    file: Annotated[Path, typer.Option("--from", help="The checkpoint.")],
) -> None:
    """Check a checkpoint against its card (SHA-256) and keep a copy of it."""
    from benchmark.models.weight_store import import_weights

    stored = import_weights(settings.workspace, name, file)
    console.print(f"{name}: {stored.path(settings.workspace)}", highlight=False)


@app.command("template")
def source_template() -> None:
    """Print an encoder of your own to copy: a module with its entry point and its test."""
    from importlib.resources import files

    say(
        [
            files("benchmark.models.plugins")
            .joinpath("template.py")
            .read_text(encoding="utf-8")
            .rstrip()
        ]
    )


def pretrain(
    source: Annotated[str, typer.Argument(help="Id of a source task with a recipe (`pretrain:`).")],
    board: Annotated[
        str, typer.Option(help="Board whose encoder and decoder are pretrained.")
    ] = "standard_v1",
    out: Annotated[
        Path | None, typer.Option(help="Also write weights and a source card of their own here.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Pretrain a source task; what is done already is only shown.

    A board does this by itself when it needs the source. After Ctrl-C type the same command: it
    goes on at its last evaluation. With --out, the weights can be passed on without the data.
    """
    from benchmark.running.devices import choose_device, set_threads
    from benchmark.running.pretraining import ensure_pretrained, export, summary

    registry = settings.workspace.registry
    card, recipe_board = registry.source(source), registry.board(board)
    if card.pretrain is None:
        raise CardError(f"source task {source!r} has no recipe (`pretrain:`) on its card")
    set_threads(1)
    try:
        with bars() as progress:
            folder = ensure_pretrained(
                settings.workspace,
                recipe_board,
                card,
                choose_device(device),
                StageDisplay(progress),
            )
    except KeyboardInterrupt:
        errors.print("stopped; type the same command to go on")
        raise typer.Exit(130) from None
    console.print(summary(folder), highlight=False)
    console.print(f"  weights: {folder / 'model.safetensors'}", highlight=False, soft_wrap=True)
    if out:
        path = export(card, recipe_board, folder, out)
        console.print(f"  card: {path}; to use it, type", highlight=False, soft_wrap=True)
        console.print(
            f"  segtransfer --content {out} source import {path.stem} "
            f"--from {out / path.stem}.safetensors",
            highlight=False,
            soft_wrap=True,
        )
