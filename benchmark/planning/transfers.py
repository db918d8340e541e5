"""The cells of a board's grid, each with the fingerprints of all that its result depends on.

Planning reads cards and what is registered on this machine, and imports no torch: it is fast.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.cards.lanes import Lane
from benchmark.cards.protocol import Decoder, FineTuningProtocol
from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.source import Exposure, SourceCard
from benchmark.cards.strategy import Strategy
from benchmark.cards.target import TargetCard
from benchmark.data.resolve import ResolvedDataset, resolve_target
from benchmark.data.splits import hashed_order
from benchmark.errors import CardError, unknown_name
from benchmark.planning.admission import check_folds, check_lanes
from benchmark.planning.exposure import contamination, unchecked
from benchmark.planning.source_weights import source_exposure, source_weights
from benchmark.records.cell import CellId, Fingerprints, cell_key
from benchmark.records.record import Marks
from benchmark.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One cell, with everything needed to run it.

    `protocol` is that of the cell's lane, `encoder` the network of the source in this lane.
    """

    cell: CellId
    key: str
    fingerprints: Fingerprints
    marks: Marks
    protocol: FineTuningProtocol
    strategy: Strategy
    source: SourceCard
    target: TargetCard
    encoder: str

    @property
    def decoder(self) -> Decoder:
        """The decoder of the cell's lane."""
        return self.protocol.decoders[self.cell.lane]


@dataclass(frozen=True, kw_only=True)
class GridSelection:
    """Which part of a board's grid to run; an empty tuple stands for all of that axis.

    `only` are the paths of the records of the cells that are left; None stands for all.
    """

    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    lanes: tuple[Lane, ...] = ()
    strategies: tuple[str, ...] = ()
    train_subjects: tuple[int, ...] = ()
    seeds: tuple[int, ...] = ()
    limit_steps: int | None = None
    only: frozenset[str] | None = None


def complete_selection(
    registry: Registry, board: BoardCard, selection: GridSelection
) -> GridSelection:
    """The selection with every axis written out.

    Any source may join a board, and any target may be run under its protocol (one that is not
    the board's has a table of its own and stays out of the overall ranking).

    Raises:
        CardError: A name is not in the registry, or not on the board.
    """
    for name in selection.sources:
        registry.source(name)
    for name in selection.targets:
        registry.target(name)
    return GridSelection(
        sources=selection.sources or board.sources,
        targets=selection.targets or board.targets,
        lanes=_on_board("lane", board, selection.lanes, board.lanes),
        strategies=_on_board("strategy", board, selection.strategies, tuple(board.strategies)),
        train_subjects=_on_board("size", board, selection.train_subjects, board.train_subjects),
        seeds=_on_board("seed", board, selection.seeds, board.seeds),
        limit_steps=selection.limit_steps,
        only=selection.only,
    )


T = TypeVar("T", bound=str | int)


def _on_board(
    axis: str, board: BoardCard, chosen: tuple[T, ...], known: tuple[T, ...]
) -> tuple[T, ...]:
    for value in chosen:
        if value not in known:
            message = unknown_name(axis, str(value), map(str, known))
            raise CardError(f"board {board.id}: {message} For another grid, add a board.")
    return chosen or known


def plan(workspace: Workspace, board: BoardCard, selection: GridSelection) -> list[Transfer]:
    """All chosen cells, target by target and source by source.

    Raises:
        CardError: A name is not on the board (sources: not in the registry).
        DataError: A target's data set is not on this machine.
        WeightsError: An in-suite source has not been pretrained yet.
    """
    registry = workspace.registry
    grid = complete_selection(registry, board, selection)
    complete = with_step_limit(board.protocol, grid.limit_steps)
    protocols = {lane: complete.for_lane(lane) for lane in grid.lanes}
    prints = {lane: fingerprint(protocol) for lane, protocol in protocols.items()}
    strategies = {name: board.strategy_fingerprint(name) for name in grid.strategies}
    sources = {name: registry.source(name) for name in grid.sources}
    for source in sources.values():
        check_lanes(board, source)
    weights = {name: source_weights(workspace, board, card) for name, card in sources.items()}
    exposure = {name: source_exposure(workspace, card) for name, card in sources.items()}
    transfers = []
    for target in map(registry.target, grid.targets):
        check_folds(board, target)
        dataset = resolve_target(workspace, target, legacy=board.legacy)
        marks = {
            name: _marks(registry, dataset, seen, _unranked(board.protocol, complete))
            for name, seen in exposure.items()
        }
        common = {
            "target": fingerprint(target),
            "splits": dataset.split_fingerprint,
            "data": dataset.fingerprint,
        }
        for cell in _cells(board, target.id, grid, sources):
            source = sources[cell.source]
            fingerprints = Fingerprints(
                protocol=prints[cell.lane],
                strategy=strategies[cell.strategy],
                source=fingerprint(source.as_recorded),
                weights=weights[cell.source].fingerprint,
                **common,
            )
            transfers.append(
                Transfer(
                    cell=cell,
                    key=cell_key(cell, fingerprints),
                    fingerprints=fingerprints,
                    marks=marks[cell.source],
                    protocol=protocols[cell.lane],
                    strategy=board.strategies[cell.strategy],
                    source=source,
                    target=target,
                    encoder=board.encoder_of(source, cell.lane),
                )
            )
    return transfers


def _marks(
    registry: Registry,
    dataset: ResolvedDataset,
    exposure: Sequence[Exposure],
    unranked: tuple[str, ...],
) -> Marks:
    """The marks of a source with such pretraining data on a target's data set."""
    return Marks(
        synthetic=dataset.card.synthetic,
        subset=dataset.subset,
        partial_weights=False,
        contamination=contamination(exposure, registry, dataset.card.id, dataset.local_rows),
        unchecked=unchecked(exposure, registry, dataset.card.id),
        unranked=unranked,
    )


def grid_cells(registry: Registry, board: BoardCard, selection: GridSelection) -> list[CellId]:
    """All chosen cells, as `plan` orders them; neither data nor weights are needed.

    Raises:
        CardError: A name is not in the registry, or not on the board.
    """
    grid = complete_selection(registry, board, selection)
    sources = {name: registry.source(name) for name in grid.sources}
    for source in sources.values():
        check_lanes(board, source)
    return [cell for target in grid.targets for cell in _cells(board, target, grid, sources)]


def _cells(
    board: BoardCard, target: str, grid: GridSelection, sources: Mapping[str, SourceCard]
) -> Iterator[CellId]:
    sizes = [size for size in board.sizes_of(target) if size in grid.train_subjects]
    for source in sources.values():
        entries = board.entries_for(source)
        for lane, strategy in product(grid.lanes, grid.strategies):
            if (lane, strategy) in entries:
                for size, seed in product(sizes, grid.seeds):
                    cell = CellId(
                        board=board.id,
                        target=target,
                        source=source.id,
                        strategy=strategy,
                        train_subjects=size,
                        seed=seed,
                        lane=lane,
                    )
                    if grid.only is None or cell.path in grid.only:
                        yield cell


def with_step_limit(protocol: FineTuningProtocol, steps: int | None) -> FineTuningProtocol:
    """The protocol with fewer steps, for trials; it has another fingerprint and is unranked."""
    if steps is None or (protocol.steps is not None and steps >= protocol.steps):
        return protocol
    evaluations = min(protocol.evaluations, steps)
    return protocol.model_copy(update={"steps": steps, "epochs": None, "evaluations": evaluations})


def _unranked(board: FineTuningProtocol, used: FineTuningProtocol) -> tuple[str, ...]:
    if used == board:
        return ()
    full = f"of {board.steps} steps" if board.steps else f"steps for {board.epochs} epochs"
    return (f"trial: {used.steps} {full}",)


def nested_subjects(rows: Iterable[SplitRow], count: int) -> tuple[str, ...]:
    """The first `count` training subjects in a fixed order; 0 stands for all.

    Subjects are ordered by a hash of their names, so that smaller subsets are part of larger ones.

    Raises:
        CardError: The split has fewer training subjects.
    """
    subjects = hashed_order(row.subject for row in rows if row.subset == "train")
    if count > len(subjects):
        raise CardError(f"{count} training subjects wanted, but the split has {len(subjects)}")
    return tuple(subjects[: count or None])
