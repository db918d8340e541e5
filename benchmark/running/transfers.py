"""Many transfers run into a board's folder of records; finished cells are never run again."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from benchmark.cards.board import BoardCard
from benchmark.cards.task import SourceCard
from benchmark.data.slices import to_slices
from benchmark.errors import ProtocolError, unknown_name
from benchmark.models.freezing import parts
from benchmark.planning.transfers import Transfer
from benchmark.records.store import Store
from benchmark.running.board import RunOptions
from benchmark.running.cell import run_cell
from benchmark.running.devices import choose_device
from benchmark.running.pretraining import ensure_pretrained
from benchmark.running.setup import initial_network
from benchmark.views.figures.overlays import write_overlays
from benchmark.workers import Progress, Workers
from benchmark.workspace import Workspace


def pretrain_sources(
    workspace: Workspace,
    board: BoardCard,
    sources: tuple[str, ...],
    device: str,
    workers: Workers,
    finished: Callable[[], None],
) -> None:
    """Pretrain those of these in-suite sources that are not pretrained yet."""
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
    workspace: Workspace,
    store: Store,
    options: RunOptions,
    workers: Workers,
    finished: Callable[[], None],
) -> None:
    """Run cells; the process that runs a cell writes its record as soon as it is complete.

    Raises:
        BenchmarkError: Data, weights or protocol are not what the cards state.
    """
    check_parts(transfers)
    for _ in workers.as_completed(partial(run_and_record, workspace, store, options), transfers):
        finished()


def run_and_record(
    workspace: Workspace,
    store: Store,
    options: RunOptions,
    transfer: Transfer,
    progress: Progress,
) -> None:
    """Run one cell and write its record; only then draw its pictures."""
    result = run_cell(
        transfer,
        workspace,
        choose_device(options.device),
        allow_partial=options.allow_partial,
        predictions=store.folder / "predictions",
        save_predictions=options.save_predictions,
        progress=progress,
    )
    store.write(result.record)
    if options.pictures:
        axis, label_maps = transfer.target.slice_axis, result.label_maps
        write_overlays(
            store.folder / "pictures", result.record, transfer, result.dataset,
            lambda case: np.stack(to_slices(label_maps[case], axis, case)),
        )  # fmt: skip


def check_parts(transfers: Sequence[Transfer]) -> None:
    """Check before training that every network has the parts that its strategy trains.

    Raises:
        ProtocolError: Naming strategy, network and part.
    """
    checked = set()
    for transfer in transfers:
        strategy, name = transfer.strategy, transfer.cell.strategy
        trained = {*strategy.train, *(part for stage in strategy.stages for part in stage.train)}
        special = sorted(trained - {"encoder", "decoder", "head"})
        if special and (name, transfer.encoder) not in checked:
            checked.add((name, transfer.encoder))
            known = parts(initial_network(transfer, torch.device("cpu")))
            for part in special:
                if part not in known:
                    message = unknown_name("part of the network", part, known)
                    raise ProtocolError(f"strategy {name!r} on {transfer.encoder}: {message}")
