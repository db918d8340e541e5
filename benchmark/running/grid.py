"""Many transfers into a board's folder of records; finished cells are never run again."""

from collections.abc import Callable
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.registry import Registry
from benchmark.records.store import Store
from benchmark.running.cell import Progress
from benchmark.running.engines import Engine, choose_device, set_threads
from benchmark.running.plan import Transfer
from benchmark.running.pretrained import ensure_pretrained


def pretrain_sources(
    registry: Registry,
    board: BoardCard,
    sources: tuple[str, ...],
    home: Path,
    device: str,
    progress: Progress,
) -> None:
    """Pretrain the in-suite sources among these that are not there yet."""
    set_threads(1)
    for source in map(registry.source, sources):
        if source.pretrain:
            ensure_pretrained(registry, board, source, home, choose_device(device), progress)


def run_transfers(
    transfers: list[Transfer],
    registry: Registry,
    store: Store,
    home: Path,
    engine: Engine,
    progress: Progress,
    finished: Callable[[], None],
) -> None:
    """Run cells and write each record as soon as it is there."""
    for record in engine.run(transfers, registry, home, progress):
        store.write(record)
        finished()
