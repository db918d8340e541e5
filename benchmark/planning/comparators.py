"""A source that joins a board: its card, and who it is compared with."""

from dataclasses import replace
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.card import read_card
from benchmark.cards.registry import Registry
from benchmark.cards.task import SourceCard
from benchmark.errors import CardError, WeightsError
from benchmark.planning.source_weights import weights_fingerprint
from benchmark.workspace import Workspace


def find_source(workspace: Workspace, word: str) -> tuple[Workspace, SourceCard]:
    """A source by its id or the path of its card, and the workspace with it.

    Raises:
        CardError: There is none, or its id is another card's.
    """
    path = Path(word)
    if path.suffix not in (".yaml", ".yml"):
        return workspace, workspace.registry.source(word)
    card = read_card(path, SourceCard)
    return replace(workspace, registry=with_source(workspace.registry, card)), card


def with_source(registry: Registry, card: SourceCard) -> Registry:
    """The registry with one more source; one that is there already is no more.

    Raises:
        CardError: Its id is another card's, or its recipe's data set is unknown.
    """
    known = registry.sources.get(card.id)
    if known is not None and known != card:
        raise CardError(
            f"{card.id!r} is the id of another card in the registry; a card is not edited once a "
            "record uses it, take an id of your own"
        )
    if card.pretrain is not None:
        registry.dataset(card.pretrain.dataset)
    return replace(registry, sources={**registry.sources, card.id: card})


def comparison_sources(
    workspace: Workspace, board: BoardCard, card: SourceCard
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who a source is compared with: the baseline and ImageNet, on its network.

    Returns:
        Names of those that can be run here; one line for each whose weights are not here.
    """
    network = card.encoder or board.protocol.encoder
    own = network == board.protocol.encoder
    names = [board.baseline if own else f"{board.baseline}@{network}"]
    for name in board.sources:
        other = workspace.registry.source(name)
        natural = (other.domain, other.task) == ("natural", "classification")
        if natural and (other.encoder or board.protocol.encoder) == network:
            names.append(name)
    here, lacking = [], []
    for name in dict.fromkeys(names):
        try:
            if workspace.registry.source(name).pretrain is None:
                weights_fingerprint(workspace, board, name)
        except WeightsError as error:
            lacking.append(f"not compared with {name}: {error}")
            continue
        here.append(name)
    return tuple(name for name in here if name != card.id), tuple(lacking)
