"""`segtransfer show`: one card, where its weights are, and which transfers its data contaminate."""

from typing import Annotated

import typer
from rich.table import Table

from benchmark.cards.registry import Registry
from benchmark.cards.source import SourceCard
from benchmark.cards.target import TargetCard
from benchmark.cli.terminal import console, print_text, settings
from benchmark.errors import CardError, WeightsError, unknown_name


def show(name: Annotated[str, typer.Argument(help="Id of any card.")]) -> None:
    """Show the content of a card."""
    registry = settings.workspace.registry
    cards = [(kind, card) for kind, card in registry.cards() if card.id == name]
    if not cards:
        known = [card.id for _, card in registry.cards()]
        raise CardError(unknown_name("card", name, known) + " `segtransfer list` shows all.")
    for kind, card in cards:
        console.rule(f"{kind.removesuffix('s')} {card.id}", align="left")
        console.print_json(card.model_dump_json())
        if isinstance(card, SourceCard):
            _show_weights(card)
            _show_contamination(registry, [card], list(registry.targets.values()))
        if isinstance(card, TargetCard):
            _show_contamination(registry, list(registry.sources.values()), [card])


def _show_weights(source: SourceCard) -> None:
    """Where a checkpoint is on this machine, or what to type to get it."""
    from benchmark.models.weight_store import stored_weights

    if source.weights is None:
        return
    try:
        stored = stored_weights(source, settings.workspace)
        print_text(f"weights: {stored.path(settings.workspace)}, from {stored.origin}")
    except WeightsError as error:
        print_text(str(error))


def _show_contamination(
    registry: Registry, sources: list[SourceCard], targets: list[TargetCard]
) -> None:
    """Every source that was pretrained on something of a target's data set, and on what."""
    from benchmark.planning.exposure import contamination, declared_exposure

    table = Table("source", "target", "contaminated: why this is not transfer from other data")
    for target in targets:
        for source in sources:
            for reason in contamination(
                declared_exposure(source, registry), registry, target.dataset
            ):
                table.add_row(source.id, target.id, reason)
    if table.row_count:
        console.print(table)
    else:
        print_text("contamination: none known; no source was pretrained on these targets' data")
    for source in sources:
        if hidden := [saw.dataset for saw in source.saw if not saw.checkable]:
            print_text(
                f"{source.id}: cannot be checked: {', '.join(hidden)}; nobody outside can compare "
                "these pretraining data with a target's"
            )
