"""`segtransfer pretrain`: an in-suite source task."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import Device
from benchmark.cli.terminal import print_text, settings, stages
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
    from benchmark.running.devices import choose_device
    from benchmark.running.export import export, summary
    from benchmark.running.pretraining import ensure_pretrained

    registry = settings.workspace.registry
    card, recipe_board = registry.source(source), registry.board(board)
    if card.pretrain is None:
        raise CardError(f"source task {source!r} has no recipe (`pretrain:`) on its card")
    with stages() as show:
        folder = ensure_pretrained(
            settings.workspace, recipe_board, choose_device(device), card, show
        )
    print_text(summary(folder), f"  weights: {folder / 'model.safetensors'}")
    if out:
        path = export(card, recipe_board, folder, out)
        print_text(
            f"  card: {path}; to use it, type",
            f"  segtransfer --content {out} source import {path.stem} "
            f"--from {out / path.stem}.safetensors",
        )
