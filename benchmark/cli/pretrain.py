"""`segtransfer pretrain`: an in-suite source task."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import Device
from benchmark.cli.terminal import StageDisplay, bars, console, errors, settings
from benchmark.errors import CardError


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
