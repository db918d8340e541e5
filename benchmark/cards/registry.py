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
from benchmark.cards.source import InputStatistics, SourceCard
from benchmark.cards.target import TargetCard
from benchmark.errors import CardError, spelling_clash, unknown_name
from benchmark.reading import read_csv, read_text

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
            parsed: Cache of parsed cards; those read now are added.

        Raises:
            CardError: A card is malformed, different cards of two folders share an id, or a
                card names another card that does not exist.
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

        `SOURCE@NETWORK` is a source without a checkpoint on another network: `scratch@resnet18`,
        or an in-suite pretraining on `monai-vnet`. MONAI's networks have one input channel.
        """
        base, _, network = name.partition("@")
        card = _get("source task", base, self.sources)
        if not network:
            return card
        if card.weights:
            raise CardError(f"source task {base!r} has weights for {card.encoder!r} only")
        grey = InputStatistics(channels=1, mean=(0.5,), std=(0.25,))
        statistics = grey if network.startswith("monai-") else card.input
        return card.model_copy(update={"id": name, "encoder": network, "input": statistics})

    def sources_of(self, board: BoardCard) -> dict[str, SourceCard]:
        """All sources, and those of a board on another network (`SOURCE@NETWORK`)."""
        known = (name for name in board.sources if name.partition("@")[0] in self.sources)
        return {**self.sources, **{name: self.source(name) for name in known}}

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

    def is_synthetic(self, board: BoardCard) -> bool:
        """Whether every target of a board is on a synthetic data set."""
        return all(self.dataset(self.target(name).dataset).synthetic for name in board.targets)

    def _cross_check(self) -> None:
        for dataset in self.datasets.values():
            path = self.folders[dataset.id] / "splits.csv"
            if dataset.split and path.exists():
                raise CardError(f"{path}: the card has a split rule too; keep one of them")
        for target in self.targets.values():
            card = f"target task {target.id}"
            _require(card, "data set", target.dataset, self.datasets)
            labels = self.datasets[target.dataset].labels
            for label in (label for merged in target.labels.values() for label in merged):
                _require(card, f"label of {target.dataset}", label, labels)
            tolerance = target.tolerance_mm
            if isinstance(tolerance, dict) and tolerance.keys() != target.labels.keys():
                raise CardError(
                    f"{card}: tolerance_mm is of {', '.join(tolerance)}; "
                    f"give one number, or one for each of {', '.join(target.labels)}"
                )
        for source in self.sources.values():
            if source.pretrain:
                card = f"source task {source.id}"
                _require(card, "data set", source.pretrain.dataset, self.datasets)
        for board in self.boards.values():
            card = f"board {board.id}"
            for name in (*board.sources, board.baseline):
                try:
                    self.source(name)
                except CardError as error:
                    raise CardError(f"{card}: {error}") from None
            if board.reproduces:
                _require(f"{card}: reproduces", "board", board.reproduces.numbers, self.boards)
            for name in board.targets:
                _require(card, "target task", name, self.targets)
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
        identity = ("id", "version", "title", "dataset", "where")
        return {fact: value for fact, value in facts.items() if fact not in identity}


def read_split(path: Path) -> tuple[SplitRow, ...]:
    """Read a splits.csv with columns case, subject, subset.

    Raises:
        CardError: The file is missing or has no row, a column is missing, a case comes twice, or a
            subset is none of train, val, test, pretrain.
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
    if not rows:
        raise CardError(f"{path}: has no rows; each case needs one")
    return tuple(rows.values())


def _collect(
    roots: tuple[Path, ...],
    folders: dict[str, Path],
    parsed: ParsedCards | None,
    pattern: str,
    kind: type[CardType],
) -> dict[str, CardType]:
    cards: dict[str, CardType] = {}
    paths: dict[str, Path] = {}
    for path in (path for root in roots for path in sorted(root.glob(pattern))):
        card = read_card(path, kind, parsed)
        first = paths.setdefault(card.id, path)
        if card != cards.setdefault(card.id, card) or _split_text(first) != _split_text(path):
            raise CardError(f"{path}: {first} is another card of the id {card.id!r}; rename one")
        if path.stem in ("dataset", "board"):
            folders.setdefault(card.id, path.parent)
    if clash := spelling_clash(cards):
        raise CardError(f"{pattern}: the ids {clash}")
    return cards


def _split_text(card: Path) -> str | None:
    """The split beside the card of a data set."""
    path = card.parent / "splits.csv"
    return read_text(path, CardError) if path.is_file() else None


def _targets(
    targets: Mapping[str, TargetCard], datasets: Mapping[str, DatasetCard]
) -> dict[str, TargetCard]:
    """The target cards and the problems on cards of data sets, with their labels filled in."""
    complete = dict(targets)
    for card in datasets.values():
        if card.target is None:
            continue
        if card.id in complete:
            raise CardError(f"data set {card.id} poses a target task, but a card has that id too")
        facts = {name: getattr(card, name) for name in ("id", "version", "title")}
        complete[card.id] = TargetCard(dataset=card.id, **facts, **dict(card.target))
    if clash := spelling_clash(complete):
        raise CardError(f"the target tasks {clash}")
    for name, target in complete.items():
        if not target.labels and target.dataset in datasets:
            labels = {label: (label,) for label in datasets[target.dataset].labels}
            complete[name] = target.model_copy(update={"labels": labels})
    return complete


def _require(card: str, kind: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise CardError(f"{card}: {unknown_name(kind, name, known)}")


def _get(kind: str, name: str, known: Mapping[str, CardType]) -> CardType:
    if name not in known:
        raise CardError(unknown_name(kind, name, known) + " `segtransfer list` shows all.")
    return known[name]
