"""Which part of a board can run with the data and weights on this machine; imports no torch."""

from dataclasses import dataclass, replace
from itertools import product

from benchmark.cards.board import BoardCard
from benchmark.cards.registry import Registry, SplitRow
from benchmark.data.resolve import resolve_dataset, resolve_target
from benchmark.errors import BenchmarkError, CardError, DataError, WeightsError
from benchmark.planning.source_weights import is_pretrained, source_weights
from benchmark.planning.transfers import GridSelection, complete_selection, nested_subjects
from benchmark.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class RunnablePart:
    """The part that can run; `why_not` is the reason for each target, source or size left out."""

    selection: GridSelection
    why_not: dict[str, str]

    @property
    def anything(self) -> bool:
        """Whether there is a cell to run."""
        return bool(
            self.selection.targets and self.selection.sources and self.selection.train_subjects
        )


def runnable_part(workspace: Workspace, board: BoardCard, selection: GridSelection) -> RunnablePart:
    """Leave out targets and sources without local data or weights, and sizes that are too large.

    Raises:
        CardError: A name is not in the registry, or not on the board.
    """
    grid = complete_selection(workspace.registry, board, selection)
    why_not: dict[str, str] = {}
    splits: dict[str, tuple[tuple[SplitRow, ...], ...]] = {}
    for target in map(workspace.registry.target, grid.targets):
        try:
            dataset = resolve_target(workspace, target, legacy=board.legacy)
            splits[target.id] = tuple(fold.local_rows for fold in dataset.folds(target))
        except DataError as error:
            why_not[target.id] = str(error)
    for source in map(workspace.registry.source, grid.sources):
        try:
            if source.pretrain:
                resolve_dataset(workspace, source.pretrain.dataset).where(source.pretrain.where)
            else:
                source_weights(workspace, board, source)
        except (DataError, WeightsError) as error:
            why_not[source.id] = str(error)
    for name, folds in splits.items():
        for size, rows in product(board.sizes_of(name), folds):
            try:
                nested_subjects(rows, size)
            except CardError as error:
                why_not[str(size)] = str(error)
    runnable = replace(
        grid,
        sources=tuple(name for name in grid.sources if name not in why_not),
        targets=tuple(name for name in grid.targets if name not in why_not),
        train_subjects=tuple(size for size in grid.train_subjects if str(size) not in why_not),
    )
    return RunnablePart(selection=runnable, why_not=why_not)


def refused_targets(workspace: Workspace, dataset: str) -> dict[str, str]:
    """Why a target task on a data set of this machine cannot be run, for each that cannot."""
    why_not = {}
    for target in workspace.registry.targets.values():
        if target.dataset == dataset:
            try:
                resolve_target(workspace, target, legacy=True)
            except BenchmarkError as error:
                why_not[target.id] = str(error)
    return why_not


def counterparts(registry: Registry, board: BoardCard) -> list[str]:
    """Boards of the same numbers on parts of data sets or on phantoms, real images first."""

    def is_small(other: BoardCard) -> bool:
        """Whether every data set is a part, or made of phantoms."""
        cards = (registry.dataset(registry.target(name).dataset) for name in other.targets)
        return all(card.synthetic or card.part_of for card in cards)

    others = [
        other
        for other in registry.boards.values()
        if other.reproduces
        and board.reproduces
        and other.reproduces.numbers == board.reproduces.numbers
        and is_small(other)
    ]
    return [other.id for other in sorted(others, key=registry.is_synthetic)]


def missing_pretraining(
    workspace: Workspace, board: BoardCard, selection: GridSelection
) -> tuple[str, ...]:
    """In-suite sources among the chosen ones that are not pretrained yet.

    Checks names, data and checkpoints first, so that nothing is pretrained in vain.

    Raises:
        BenchmarkError: What `plan` raises, other than for missing pretraining.
    """
    grid = complete_selection(workspace.registry, board, selection)
    for target in map(workspace.registry.target, grid.targets):
        resolve_target(workspace, target, legacy=board.legacy)
    missing = []
    for source in map(workspace.registry.source, grid.sources):
        if source.pretrain is None:
            source_weights(workspace, board, source)
        elif not is_pretrained(workspace, board, source):
            missing.append(source.id)
    return tuple(missing)
