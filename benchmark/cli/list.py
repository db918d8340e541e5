"""`segtransfer list`: every card."""

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
    for card_kind, card in settings.workspace.registry.cards():
        if kind in (None, card_kind):
            table.add_row(card_kind, card.id, card.title)
    console.print(table)
