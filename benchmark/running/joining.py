"""A source that joins a board: its card, who it is compared with, what is finished already."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.card import read_card
from benchmark.cards.registry import Registry
from benchmark.cards.task import SourceCard
from benchmark.errors import CardError, WeightsError
from benchmark.records.predictions import read_hashes
from benchmark.records.store import Store, write_text
from benchmark.running.origins import weights_fingerprint
from benchmark.running.plan import Transfer


def find_source(registry: Registry, word: str) -> tuple[Registry, SourceCard]:
    """A source by its id or the path of its card, and the registry with it.

    Raises:
        CardError: There is none, or its id is another card's.
    """
    path = Path(word)
    if path.suffix not in (".yaml", ".yml"):
        return registry, registry.source(word)
    card = read_card(path, SourceCard)
    return with_source(registry, card), card


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


def companions(
    registry: Registry, board: BoardCard, card: SourceCard, home: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who a source is compared with: the baseline and ImageNet, on its network.

    Returns:
        Names of those that can be run here; one line for each whose weights are not here.
    """
    network = card.encoder or board.protocol.encoder
    own = network == board.protocol.encoder
    names = [board.baseline if own else f"{board.baseline}@{network}"]
    for name in board.sources:
        other = registry.source(name)
        natural = (other.domain, other.task) == ("natural", "classification")
        if natural and (other.encoder or board.protocol.encoder) == network:
            names.append(name)
    here, lacking = [], []
    for name in dict.fromkeys(names):
        try:
            if registry.source(name).pretrain is None:
                weights_fingerprint(registry, board, name, home)
        except WeightsError as error:
            lacking.append(f"not compared with {name}: {error}")
            continue
        here.append(name)
    return tuple(name for name in here if name != card.id), tuple(lacking)


def copy_finished(store: Store, shipped: Store, transfers: Iterable[Transfer]) -> int:
    """Copy records that others made under exactly the conditions of these cells.

    Args:
        store: Where they are wanted; what is there stays.
        shipped: Where they may be; their prediction hashes come along.
        transfers: Cells.

    Returns:
        How many were copied.
    """
    count = 0
    for transfer in transfers:
        cell, key = transfer.cell, transfer.key
        if store.has(cell, key) or not shipped.has(cell, key):
            continue
        hashes = shipped.folder / "predictions" / cell.path
        if hashes.is_file() and read_hashes(hashes).key == key:
            text = hashes.read_text(encoding="utf-8")
            write_text(store.folder / "predictions" / cell.path, text)
        write_text(store.path(cell), shipped.path(cell).read_text(encoding="utf-8"))
        count += 1
    return count
