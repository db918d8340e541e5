"""Which part of a board can run with what is on this machine; it imports no torch."""

from dataclasses import dataclass

from benchmark.cards.board import BoardCard
from benchmark.data.resolve import resolve_dataset, resolve_target
from benchmark.errors import CardError, DataError, WeightsError
from benchmark.planning.source_weights import weights_fingerprint
from benchmark.planning.transfers import GridSelection, axes, nested_subjects
from benchmark.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class RunnablePart:
    """The part that can run, and by name of target, source or size why the rest cannot."""

    chosen: GridSelection
    why_not: dict[str, str]

    @property
    def anything(self) -> bool:
        """Whether there is a cell to run."""
        chosen = self.chosen
        return bool(chosen.targets and chosen.sources and chosen.train_subjects)


def runnable_part(workspace: Workspace, board: BoardCard, chosen: GridSelection) -> RunnablePart:
    """Leave out targets and sources whose data or weights are not here, and sizes too large.

    Raises:
        CardError: A name is not in the registry, or not on the board.
    """
    sources, targets, strategies, sizes, seeds = axes(workspace.registry, board, chosen)
    why_not: dict[str, str] = {}
    rows = []
    for target in map(workspace.registry.target, targets):
        try:
            data = resolve_target(workspace, target, legacy=board.legacy)
            rows.append([row for row in data.rows if row.case in data.cases])
        except DataError as error:
            why_not[target.id] = str(error)
    for source in map(workspace.registry.source, sources):
        try:
            if source.pretrain:
                resolve_dataset(workspace, source.pretrain.dataset).where(source.pretrain.where)
            else:
                weights_fingerprint(workspace, board, source.id)
        except (DataError, WeightsError) as error:
            why_not[source.id] = str(error)
    for size in sizes:
        for some in rows:
            try:
                nested_subjects(some, size)
            except CardError as error:
                why_not[str(size)] = str(error)
    return RunnablePart(
        chosen=GridSelection(
            sources=tuple(name for name in sources if name not in why_not),
            targets=tuple(name for name in targets if name not in why_not),
            strategies=strategies,
            train_subjects=tuple(size for size in sizes if str(size) not in why_not),
            seeds=seeds,
            limit_steps=chosen.limit_steps,
        ),
        why_not=why_not,
    )
