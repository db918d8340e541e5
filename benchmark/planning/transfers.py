"""The cells of a board's grid, each with the fingerprints of all that its result depends on.

Planning reads cards and local registrations only; it imports no torch, so that a finished
board is recognised at once.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint
from benchmark.cards.protocol import FineTuningProtocol, Strategy
from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.task import SourceCard, TargetCard
from benchmark.data.resolve import ResolvedDataset, resolve_target
from benchmark.errors import CardError, unknown_name
from benchmark.planning.exposure import contamination
from benchmark.planning.source_weights import (
    pretrained_folder,
    source_exposure,
    weights_fingerprint,
)
from benchmark.records.record import CellId, Fingerprints, Marks, cell_key
from benchmark.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One cell, with everything it takes to run it."""

    cell: CellId
    key: str
    fingerprints: Fingerprints
    marks: Marks
    protocol: FineTuningProtocol
    strategy: Strategy
    source: SourceCard
    target: TargetCard

    @property
    def encoder(self) -> str:
        """The source's encoder, or the board's where the source names none."""
        return self.source.encoder or self.protocol.encoder


@dataclass(frozen=True, kw_only=True)
class GridSelection:
    """Which part of a board's grid to run; an empty tuple stands for all of that axis."""

    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    train_subjects: tuple[int, ...] = ()
    seeds: tuple[int, ...] = ()
    limit_steps: int | None = None


def limited(protocol: FineTuningProtocol, steps: int | None) -> FineTuningProtocol:
    """The protocol with fewer steps, for trials; another fingerprint, hence unranked."""
    if steps is None or (protocol.steps is not None and steps >= protocol.steps):
        return protocol
    evaluations = min(protocol.evaluations, steps)
    return protocol.model_copy(update={"steps": steps, "epochs": None, "evaluations": evaluations})


def axes(
    registry: Registry, board: BoardCard, chosen: GridSelection
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[int, ...], tuple[int, ...]]:
    """Sources, targets, strategies, sizes and seeds of the chosen part of a grid.

    Any source may join a board, and any target may be run under its protocol (one that is not
    the board's has a table of its own and stays out of the overall ranking).

    Raises:
        CardError: A name is not in the registry, or not on the board.
    """
    for name in chosen.sources:
        registry.source(name)
    for name in chosen.targets:
        registry.target(name)
    return (
        chosen.sources or board.sources,
        chosen.targets or board.targets,
        _pick("strategy", board.id, chosen.strategies, tuple(board.strategies)),
        _pick("size", board.id, chosen.train_subjects, board.train_subjects),
        _pick("seed", board.id, chosen.seeds, board.seeds),
    )


def plan(
    workspace: Workspace,
    board: BoardCard,
    chosen: GridSelection,
) -> list[Transfer]:
    """All chosen cells, target by target and source by source.

    Raises:
        CardError: A name is not on the board (sources: not in the registry).
        DataError: A target's data set is not on this machine.
        WeightsError: An in-suite source has not been pretrained yet.
    """
    sources, targets, strategies, sizes, seeds = axes(workspace.registry, board, chosen)
    protocol = limited(board.protocol, chosen.limit_steps)
    weights = {name: weights_fingerprint(workspace, board, name) for name in sources}
    seen = {name: source_exposure(workspace, workspace.registry.source(name)) for name in sources}
    cells = []
    for target in map(workspace.registry.target, targets):
        data = resolve_target(workspace, target, legacy=board.legacy)
        rows = [row for row in data.rows if row.case in data.cases]
        reasons = {
            name: contamination(saw, workspace.registry, target.dataset, rows)
            for name, saw in seen.items()
        }
        for source, strategy, size, seed in product(sources, strategies, sizes, seeds):
            if strategy not in board.strategies_for(source):
                continue
            cell = CellId(
                board=board.id,
                target=target.id,
                source=source,
                strategy=strategy,
                train_subjects=size,
                seed=seed,
            )
            cells.append(
                _transfer(
                    cell,
                    board,
                    protocol,
                    workspace.registry.source(source),
                    target,
                    data,
                    weights[source],
                    reasons[source],
                )  # fmt: skip
            )
    return cells


def _transfer(
    cell: CellId,
    board: BoardCard,
    protocol: FineTuningProtocol,
    source: SourceCard,
    target: TargetCard,
    data: ResolvedDataset,
    weights: str,
    contaminated: tuple[str, ...],
) -> Transfer:
    strategy = board.strategies[cell.strategy]
    prints = Fingerprints(
        protocol=fingerprint(protocol),
        strategy=fingerprint(strategy),
        target=fingerprint(target),
        source=fingerprint(source),
        weights=weights,
        splits=data.split_fingerprint,
        data=data.fingerprint,
    )
    marks = Marks(
        synthetic=data.card.synthetic,
        subset=data.subset,
        partial_weights=False,
        contamination=contaminated,
        unranked=_unranked(board.protocol, protocol),
    )
    return Transfer(
        cell=cell,
        key=cell_key(cell, prints),
        fingerprints=prints,
        marks=marks,
        protocol=protocol,
        strategy=strategy,
        source=source,
        target=target,
    )


def nested_subjects(rows: Iterable[SplitRow], count: int) -> tuple[str, ...]:
    """The first `count` training subjects in a fixed order; 0 stands for all.

    The order hashes the subject's name, so that smaller subsets lie inside larger ones.

    Raises:
        CardError: The split has fewer training subjects.
    """
    subjects = sorted(
        {row.subject for row in rows if row.subset == "train"},
        key=lambda subject: hashlib.sha256(subject.encode()).hexdigest(),
    )
    if count > len(subjects):
        raise CardError(f"{count} training subjects wanted, but the split has {len(subjects)}")
    return tuple(subjects[: count or None])


T = TypeVar("T", str, int)


def _pick(what: str, board: str, chosen: Sequence[T], known: tuple[T, ...]) -> tuple[T, ...]:
    for value in chosen:
        if value not in known:
            message = unknown_name(what, str(value), map(str, known))
            raise CardError(f"board {board}: {message} Other grids are boards of their own.")
    return tuple(chosen) or known


def _unranked(ranked: FineTuningProtocol, used: FineTuningProtocol) -> tuple[str, ...]:
    if used == ranked:
        return ()
    whole = f"of {ranked.steps} steps" if ranked.steps else f"steps for {ranked.epochs} epochs"
    return (f"trial: {used.steps} {whole}",)


def missing_pretraining(
    workspace: Workspace, board: BoardCard, chosen: GridSelection
) -> tuple[str, ...]:
    """In-suite sources among the chosen ones whose weights are not there yet.

    Checks names, data and checkpoints first, so that nothing is pretrained in vain.

    Raises:
        BenchmarkError: What `plan` raises, but for pretraining.
    """
    sources, targets, *_ = axes(workspace.registry, board, chosen)
    for target in map(workspace.registry.target, targets):
        resolve_target(workspace, target, legacy=board.legacy)
    missing = []
    for source in map(workspace.registry.source, sources):
        if source.pretrain is None:
            weights_fingerprint(workspace, board, source.id)
        elif not (pretrained_folder(workspace, board, source) / "pretraining.json").is_file():
            missing.append(source.id)
    return tuple(missing)
