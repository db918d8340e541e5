"""`segtransfer list` and `segtransfer show`."""

from typing import Annotated

import typer
from rich.table import Table

from benchmark.cli.terminal import console, settings
from benchmark.errors import CardError, unknown_name

KINDS = ("datasets", "sources", "targets", "boards")


def list_cards(
    kind: Annotated[
        str | None, typer.Argument(help="datasets, sources, targets or boards; all when left out.")
    ] = None,
) -> None:
    """List every card: data sets, source tasks, target tasks, boards."""
    if kind is not None and kind not in KINDS:
        raise CardError(unknown_name("kind of card", kind, KINDS))
    table = Table("kind", "id", "what it is")
    for found, card in settings.registry().cards():
        if kind in (None, found):
            table.add_row(found, card.id, card.title)
    console.print(table)


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
