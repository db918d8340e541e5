"""`segtransfer list` and `segtransfer show`."""

from typing import Annotated

import typer
from rich.table import Table

from benchmark.cards.registry import Registry
from benchmark.cards.task import SourceCard, TargetCard
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
    for found, card in settings.workspace.registry.cards():
        if kind in (None, found):
            table.add_row(found, card.id, card.title)
    console.print(table)


def show(name: Annotated[str, typer.Argument(help="Id of any card.")]) -> None:
    """Show everything a card says."""
    registry = settings.workspace.registry
    found = [(kind, card) for kind, card in registry.cards() if card.id == name]
    if not found:
        known = [card.id for _, card in registry.cards()]
        raise CardError(unknown_name("card", name, known) + " `segtransfer list` shows all.")
    for kind, card in found:
        console.rule(f"{kind.removesuffix('s')} {card.id}", align="left")
        console.print_json(card.model_dump_json())
        if isinstance(card, SourceCard):
            _show_contamination(registry, [card], list(registry.targets.values()))
        if isinstance(card, TargetCard):
            _show_contamination(registry, list(registry.sources.values()), [card])


def _show_contamination(
    registry: Registry, sources: list[SourceCard], targets: list[TargetCard]
) -> None:
    """Every source that saw something of a target, and what."""
    from benchmark.planning.exposure import contamination, declared_exposure

    table = Table("source", "target", "contaminated: why this is no transfer from elsewhere")
    for target in targets:
        for source in sources:
            for reason in contamination(
                declared_exposure(source, registry), registry, target.dataset
            ):
                table.add_row(source.id, target.id, reason)
    if table.row_count:
        console.print(table)
    else:
        console.print("contamination: none known; no source saw these targets' data")
