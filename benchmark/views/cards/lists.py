"""Lists of cards with filters, real before synthetic, as tables and as plain data."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from benchmark.cards.board import BoardCard
from benchmark.cards.dataset import DatasetCard, Domain
from benchmark.cards.lanes import LANES, encoder_lane
from benchmark.cards.source import SourceCard, SourceObjective
from benchmark.cards.target import TargetCard
from benchmark.errors import CardError, unknown_name
from benchmark.views.cards.here import dataset_is_here, weights_are_here
from benchmark.views.cards.results import board_results
from benchmark.views.text import TextTable
from benchmark.workspace import Workspace

Kind = Literal["boards", "sources", "targets", "datasets"]
Filter = Literal["domain", "task", "lane"]
Item = dict[str, str]  # one card: `id` first, then the most important columns, `title` last

KINDS: tuple[Kind, ...] = get_args(Kind)
NAMES = {"boards": "boards", "sources": "source tasks", "targets": "target tasks",
         "datasets": "data sets"}  # fmt: skip
VALUES = {"domain": get_args(Domain), "task": get_args(SourceObjective), "lane": LANES}
FILTERS: dict[Kind, tuple[Filter, ...]] = {
    "boards": ("domain", "lane"),
    "sources": ("domain", "task", "lane"),
    "targets": ("domain",),
    "datasets": ("domain",),
}


@dataclass(frozen=True)
class CardList:
    """Cards of one kind for which every filter is true."""

    kind: Kind
    items: Sequence[Item]

    def table(self, without: Iterable[str] = ()) -> TextTable:
        """The cards as a table, some columns left out."""
        heads = [name for name in (self.items[0] if self.items else ()) if name not in without]
        rows = [[item[name] for name in heads] for item in self.items]
        return TextTable(NAMES[self.kind], heads, rows)


def list_cards(workspace: Workspace, kind: Kind, filters: Mapping[Filter, str]) -> CardList:
    """Cards of one kind, those on real images first.

    Args:
        workspace: All cards and local data.
        kind: Of the cards.
        filters: The value that a card must have, by property.

    Raises:
        CardError: A value is unknown, or cards of this kind have no such property.
    """
    for name, value in filters.items():
        if value not in VALUES[name]:
            raise CardError(unknown_name(name, value, VALUES[name]))
        if name not in FILTERS[kind]:
            having = " or ".join(other for other in KINDS if name in FILTERS[other])
            raise CardError(f"--{name}: {kind} have no {name}; type segtransfer list {having}")
    items = {"boards": _boards, "sources": _sources, "targets": _targets, "datasets": _datasets}
    kept = [
        item
        for item in items[kind](workspace)
        if all(value in item[name].split(", ") for name, value in filters.items())
    ]
    return CardList(kind, sorted(kept, key=lambda item: item["images"] == "synthetic"))


def _boards(workspace: Workspace) -> Iterator[Item]:
    registry = workspace.registry
    for results in board_results(workspace):
        targets = map(registry.target, results.board.targets)
        domains = dict.fromkeys(registry.dataset(target.dataset).domain for target in targets)
        facts = {"state": results.state, "images": results.images}
        lanes = {"domain": ", ".join(domains), "lane": ", ".join(results.board.lanes)}
        yield _item(results.board, facts | lanes)


def _sources(workspace: Workspace) -> Iterator[Item]:
    for card in workspace.registry.sources.values():
        facts = {
            "domain": card.domain,
            "task": card.task,
            "here": _yes(weights_are_here(workspace, card)),
        }
        lanes = ", ".join(
            lane
            for lane in LANES
            if card.encoder is None or lane in (encoder_lane(card.encoder), "linear")
        )
        yield _item(card, facts | {"images": _images(card.synthetic), "lane": lanes})


def _targets(workspace: Workspace) -> Iterator[Item]:
    for card in workspace.registry.targets.values():
        data = workspace.registry.dataset(card.dataset)
        yield _item(card, _data_facts(workspace, data))


def _datasets(workspace: Workspace) -> Iterator[Item]:
    for card in workspace.registry.datasets.values():
        yield _item(card, {**_data_facts(workspace, card), "access": card.access})


def _data_facts(workspace: Workspace, card: DatasetCard) -> Item:
    return {
        "domain": card.domain,
        "here": _yes(dataset_is_here(workspace, card)),
        "images": _images(card.synthetic),
    }


def _item(card: BoardCard | SourceCard | TargetCard | DatasetCard, facts: Item) -> Item:
    return {"id": card.id, **facts, "title": card.title}


def _images(synthetic: bool) -> str:
    return "synthetic" if synthetic else "real"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
