"""The sources that one source is compared with, and a source whose card is not in the registry."""

from dataclasses import replace
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.card import read_card
from benchmark.cards.lanes import Lane
from benchmark.cards.registry import Registry
from benchmark.cards.source import SourceCard
from benchmark.errors import CardError, WeightsError
from benchmark.planning.source_weights import source_weights
from benchmark.workspace import Workspace


def find_source(workspace: Workspace, name: str) -> tuple[Workspace, SourceCard]:
    """A source by its id or the path of its card, and the workspace including it.

    Raises:
        CardError: There is no such source, or its id is that of another card.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        return workspace, workspace.registry.source(name)
    card = read_card(path, SourceCard)
    return replace(workspace, registry=with_source(workspace.registry, card)), card


def with_source(registry: Registry, card: SourceCard) -> Registry:
    """The registry including a source; a card that is in it already changes nothing.

    Raises:
        CardError: Its id is that of another card, or its recipe's data set is unknown.
    """
    if registry.sources.get(card.id, card) != card:
        raise CardError(
            f"{card.id!r} is the id of another card in the registry; a card is not edited once a "
            "record uses it, take another id"
        )
    if card.pretrain is not None:
        registry.dataset(card.pretrain.dataset)
    return replace(registry, sources={**registry.sources, card.id: card})


def baseline_on(board: BoardCard, card: SourceCard, lane: Lane) -> str:
    """Name of the baseline on the network of a source: `scratch`, or `scratch@NETWORK`."""
    encoder = board.encoder_of(card, lane)
    same_network = encoder == board.protocol.decoders[lane].encoder
    return board.baseline if same_network else f"{board.baseline}@{encoder}"


def own_baselines(registry: Registry, board: BoardCard, card: SourceCard) -> tuple[SourceCard, ...]:
    """The baseline on each network of a source that is not the board's."""
    names = dict.fromkeys(baseline_on(board, card, lane) for lane in board.lanes_of(card))
    others = (name for name in names if name not in (board.baseline, card.id))
    return tuple(map(registry.source, others))


def comparison_sources(
    workspace: Workspace, board: BoardCard, card: SourceCard
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sources that a source is compared with: the baseline and ImageNet, on its network.

    Returns:
        Names of those that can be run on this machine; one line for each without local weights.
    """
    names = list[str]()
    for lane in board.lanes_of(card):
        encoder = board.encoder_of(card, lane)
        names.append(baseline_on(board, card, lane))
        for other in map(workspace.registry.source, board.sources):
            imagenet = (other.domain, other.task) == ("natural", "classification")
            if imagenet and board.encoder_of(other, lane) == encoder:
                names.append(other.id)
    runnable, lacking = [], []
    for source in map(workspace.registry.source, dict.fromkeys(names)):
        try:
            if source.pretrain is None:
                source_weights(workspace, board, source)
        except WeightsError as error:
            lacking.append(f"not compared with {source.id}: {error}")
            continue
        if source.id != card.id:
            runnable.append(source.id)
    return tuple(runnable), tuple(lacking)
