"""All cards, found by walking the content folders and checked against each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, get_args

from benchmark.cards.board import BoardCard
from benchmark.cards.card import Card, CardType, read_card
from benchmark.cards.card_cache import ParsedCards
from benchmark.cards.dataset import DatasetCard, Subset
from benchmark.cards.task import InputStatistics, SourceCard, TargetCard
from benchmark.errors import CardError, unknown_name
from benchmark.files import read_csv

SUBSETS: tuple[Subset, ...] = get_args(Subset)


class SplitRow(NamedTuple):
    """Which subset a case belongs to; one row of a data set's splits.csv."""

    case: str
    subject: str
    subset: Subset


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The cards of all content roots, by id, with the folder each data set card lies in."""

    datasets: Mapping[str, DatasetCard]
    sources: Mapping[str, SourceCard]
    targets: Mapping[str, TargetCard]
    boards: Mapping[str, BoardCard]
    folders: Mapping[str, Path]

    @classmethod
    def load(cls, roots: tuple[Path, ...], parsed: ParsedCards | None = None) -> "Registry":
        """Read every card under the roots.

        Args:
            roots: Content folders.
            parsed: Cards read before; it gets those read now.

        Raises:
            CardError: A card is malformed, two cards share an id, or a card names another
                card that does not exist.
        """
        folders: dict[str, Path] = {}
        collect = partial(_collect, roots, folders, parsed)
        datasets = collect("datasets/*/dataset.yaml", DatasetCard)
        registry = cls(
            datasets=datasets,
            sources=collect("tasks/source/*.yaml", SourceCard),
            targets=_targets(collect("tasks/target/*.yaml", TargetCard), datasets),
            boards=collect("leaderboards/*/board.yaml", BoardCard),
            folders=folders,
        )
        registry._cross_check()
        if parsed is not None:
            parsed.save()
        return registry

    def dataset(self, name: str) -> DatasetCard:
        """The data set of that id, or a CardError with near matches."""
        return _get("data set", name, self.datasets)

    def source(self, name: str) -> SourceCard:
        """The source task of that id, or a CardError with near matches.

        `SOURCE@NETWORK` is the same source on another network, as far as it has no weights of
        its own: `scratch@resnet18`, or an in-suite pretraining on `monai-vnet`. MONAI's networks
        take grey.
        """
        base, _, network = name.partition("@")
        card = _get("source task", base, self.sources)
        if not network:
            return card
        if card.weights:
            raise CardError(f"source task {base!r} has weights for {card.encoder!r} only")
        grey = InputStatistics(channels=1, mean=(0.5,), std=(0.25,))
        given = grey if network.startswith("monai-") else card.input
        return card.model_copy(update={"id": name, "encoder": network, "input": given})

    def target(self, name: str) -> TargetCard:
        """The target task of that id, or a CardError with near matches."""
        return _get("target task", name, self.targets)

    def board(self, name: str) -> BoardCard:
        """The board of that id, or a CardError with near matches."""
        return _get("board", name, self.boards)

    def cards(self) -> Iterator[tuple[str, Card]]:
        """Every card with the kind it is."""
        for kind in ("datasets", "sources", "targets", "boards"):
            for card in getattr(self, kind).values():
                yield kind, card

    def split(self, dataset: str) -> tuple[SplitRow, ...]:
        """The split that a data set has as a file.

        Raises:
            CardError: splits.csv is missing or malformed.
        """
        return read_split(self.folders[self.dataset(dataset).id] / "splits.csv")

    def _cross_check(self) -> None:
        for dataset in self.datasets.values():
            path = self.folders[dataset.id] / "splits.csv"
            if dataset.split and path.exists():
                raise CardError(f"{path}: the card has a split rule too; keep one of them")
        for target in self.targets.values():
            known = self._named(f"target task {target.id}", "data set", target.dataset)
            for merged in target.labels.values():
                for label in merged:
                    if label not in known.labels:
                        raise CardError(
                            f"target task {target.id}: "
                            + unknown_name(f"label of {known.id}", label, known.labels)
                        )
        for source in self.sources.values():
            if source.pretrain:
                self._named(f"source task {source.id}", "data set", source.pretrain.dataset)
        for board in self.boards.values():
            for name in (*board.sources, board.baseline):
                try:
                    self.source(name)
                except CardError as error:
                    raise CardError(f"board {board.id}: {error}") from None
            if board.reproduces and board.reproduces.numbers not in self.boards:
                message = unknown_name("board", board.reproduces.numbers, self.boards)
                raise CardError(f"board {board.id}: reproduces: {message}")
            for name in board.targets:
                if name not in self.targets:
                    message = unknown_name("target task", name, self.targets)
                    raise CardError(f"board {board.id}: {message}")
            self._check_devices(board)

    def _check_devices(self, board: BoardCard) -> None:
        """One network learns all devices of a board's sequences: they pose one problem."""
        posed = [self._posed(self.targets[name]) for name in board.devices]
        for name, facts in zip(board.devices[1:], posed[1:], strict=True):
            for fact, value in facts.items():
                if value != posed[0][fact]:
                    raise CardError(
                        f"board {board.id}: its sequences need one problem, but {fact} of {name} "
                        f"is {value}, of {board.devices[0]} {posed[0][fact]}"
                    )

    def _posed(self, target: TargetCard) -> dict[str, object]:
        """What a network must know of a problem; how data sets call the labels does not matter."""
        channels = self.datasets[target.dataset].channels
        facts = dict(target) | {"labels": list(target.labels), "channels": channels}
        own = ("id", "version", "title", "dataset", "where")
        return {fact: value for fact, value in facts.items() if fact not in own}

    def _named(self, who: str, kind: str, name: str) -> DatasetCard:
        if name not in self.datasets:
            raise CardError(f"{who}: {unknown_name(kind, name, self.datasets)}")
        return self.datasets[name]


def read_split(path: Path) -> tuple[SplitRow, ...]:
    """Read a splits.csv with columns case, subject, subset.

    Raises:
        CardError: The file is missing, a column is missing, a case comes twice, or a subset
            is none of train, val, test, pretrain.
    """
    if not path.is_file():
        raise CardError(
            f"{path}: no such split; write it with `segtransfer data split {path.parent.name}`"
        )
    rows: dict[str, SplitRow] = {}
    for row in read_csv(path, SplitRow._fields, exactly=True, error=CardError):
        subset = next((name for name in SUBSETS if name == row["subset"]), None)
        if subset is None:
            raise CardError(f"{path}: {unknown_name('subset', row['subset'], SUBSETS)}")
        if row["case"] in rows:
            raise CardError(f"{path}: case {row['case']!r} is listed twice")
        rows[row["case"]] = SplitRow(row["case"], row["subject"], subset)
    return tuple(rows.values())


def _collect(
    roots: tuple[Path, ...],
    folders: dict[str, Path],
    parsed: ParsedCards | None,
    pattern: str,
    kind: type[CardType],
) -> dict[str, CardType]:
    found: dict[str, CardType] = {}
    for root in roots:
        for path in sorted(root.glob(pattern)):
            card = read_card(path, kind, parsed)
            if card.id in found:
                raise CardError(f"{path}: another card has the id {card.id!r}")
            found[card.id] = card
            if path.stem in ("dataset", "board"):
                folders[card.id] = path.parent
    return found


def _targets(
    targets: Mapping[str, TargetCard], datasets: Mapping[str, DatasetCard]
) -> dict[str, TargetCard]:
    """The target cards, and the own problems of data sets, with their labels filled in."""
    whole = dict(targets)
    for card in datasets.values():
        if card.target is None:
            continue
        if card.id in whole:
            raise CardError(f"data set {card.id} poses a target task, but a card has that id too")
        facts = {name: getattr(card, name) for name in ("id", "version", "title")}
        whole[card.id] = TargetCard(dataset=card.id, **facts, **dict(card.target))
    for name, target in whole.items():
        if not target.labels and target.dataset in datasets:
            labels = {label: (label,) for label in datasets[target.dataset].labels}
            whole[name] = target.model_copy(update={"labels": labels})
    return whole


def _get(kind: str, name: str, known: Mapping[str, CardType]) -> CardType:
    if name not in known:
        raise CardError(unknown_name(kind, name, known) + " `segtransfer list` shows all.")
    return known[name]
