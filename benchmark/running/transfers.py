"""Many transfers run into a board's folder of records; finished cells are never run again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.task import SourceCard
from benchmark.errors import ProtocolError, unknown_name
from benchmark.models.freezing import parts
from benchmark.planning.transfers import Transfer
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.running.cell import run_cell, transfer_network
from benchmark.running.devices import choose_device
from benchmark.running.pretraining import ensure_pretrained
from benchmark.workers import Progress, Workers
from benchmark.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class CellRunner:
    """How cells are run; none of it is part of a result's conditions.

    `allow_partial` admits weights that do not cover the network; such records are marked.
    `pictures` is the folder in which some cases of each cell are drawn; None draws nothing.
    `predictions` is the folder for hashes of the predictions, and with `save_predictions` for the
    label maps; None keeps neither.
    """

    workspace: Workspace
    device: str = "auto"
    allow_partial: bool = False
    pictures: Path | None = None
    predictions: Path | None = None
    save_predictions: bool = False

    def __call__(self, transfer: Transfer, progress: Progress) -> RunRecord:
        """Run one cell."""
        return run_cell(
            transfer,
            self.workspace,
            choose_device(self.device),
            allow_partial=self.allow_partial,
            pictures=self.pictures,
            predictions=self.predictions,
            save_predictions=self.save_predictions,
            progress=progress,
        )


def pretrain_sources(
    workspace: Workspace,
    board: BoardCard,
    sources: tuple[str, ...],
    device: str,
    workers: Workers,
    finished: Callable[[], None],
) -> None:
    """Pretrain these in-suite sources where they are not there yet."""
    cards = [workspace.registry.source(source) for source in sources]
    for _ in workers.as_completed(partial(_pretrain, workspace, board, device), cards):
        finished()


def _pretrain(
    workspace: Workspace,
    board: BoardCard,
    device: str,
    source: SourceCard,
    progress: Progress,
) -> None:
    ensure_pretrained(workspace, board, source, choose_device(device), progress)


def run_transfers(
    transfers: Sequence[Transfer],
    store: Store,
    engine: CellRunner,
    workers: Workers,
    finished: Callable[[], None],
) -> None:
    """Run cells and write each record as soon as it is there.

    Raises:
        BenchmarkError: Data, weights or protocol are not what the cards say.
    """
    check_parts(transfers)
    for record in workers.as_completed(engine, transfers):
        store.write(record)
        finished()


def check_parts(transfers: Sequence[Transfer]) -> None:
    """Refuse, before anything is trained, a strategy with a part that its network has not.

    Raises:
        ProtocolError: Naming strategy, network and part.
    """
    checked = set()
    for one in transfers:
        stages = [one.strategy.train, *(stage.train for stage in one.strategy.stages)]
        named = {part for stage in stages for part in stage} - {"encoder", "decoder", "head"}
        key = one.cell.strategy, one.encoder
        if named and key not in checked:
            checked.add(key)
            known = parts(transfer_network(one))
            for part in sorted(named - known.keys()):
                what = unknown_name("part of the network", part, known)
                raise ProtocolError(f"strategy {key[0]!r} on {key[1]}: {what}")
