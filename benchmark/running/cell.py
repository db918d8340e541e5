"""One cell: one transfer into one record, written before its pictures are drawn."""

import logging
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from benchmark.data.resolve import ResolvedDataset
from benchmark.data.slices import to_slices
from benchmark.errors import Diverged
from benchmark.files import printable
from benchmark.planning.transfers import Transfer
from benchmark.records.predictions import prediction_log
from benchmark.records.record import CaseScore, Failure, RunRecord, Selection
from benchmark.records.store import Store
from benchmark.running.cost import cost
from benchmark.running.devices import choose_device, environment, processor
from benchmark.running.divergence import failure, fold_failures, worst_scores
from benchmark.running.inference import LabelMap, score_test_set
from benchmark.running.meter import metered
from benchmark.running.options import RunOptions
from benchmark.running.setup import Setup, set_up
from benchmark.running.target_data import load_target
from benchmark.views.figures.overlays import picture_path, write_overlays
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace


class LabelMaps:
    """Predicted label maps of a test set, compressed: those of volumes to about a hundredth."""

    def __init__(self) -> None:
        """Hold no map yet."""
        self._maps: dict[str, tuple[bytes, tuple[int, ...]]] = {}

    def add(self, case: str, labels: LabelMap) -> None:
        """Keep the label map of a case."""
        self._maps[case] = zlib.compress(labels.tobytes(), 1), labels.shape

    def __getitem__(self, case: str) -> LabelMap:
        """The label map of a case."""
        data, shape = self._maps[case]
        return np.frombuffer(zlib.decompress(data), np.uint8).reshape(shape)


@dataclass(frozen=True)
class CellResult:
    """The record of a cell, and the data and predicted label maps of its test cases."""

    record: RunRecord
    dataset: ResolvedDataset
    label_maps: LabelMaps


class Scored(NamedTuple):
    """Scores of all test cases, pooled scores of boards that ask for them, and label maps."""

    cases: tuple[CaseScore, ...]
    pooled: dict[str, float] | None
    label_maps: LabelMaps


def run_cell(
    transfer: Transfer,
    workspace: Workspace,
    device: torch.device,
    *,
    allow_partial: bool = False,
    predictions: Path | None = None,
    save_predictions: bool = False,
    gpu_shared: str = "",
    progress: Progress = no_progress,
) -> CellResult:
    """Prepare data and network, fine-tune, predict and score the test set, record.

    One whose training diverges is recorded as failed, with the worst scores.

    Args:
        transfer: The cell.
        workspace: All cards, local data and weights.
        device: Where the network is trained.
        allow_partial: Admit weights that do not cover the network.
        predictions: Folder for hashes of the predicted label maps; None keeps none.
        save_predictions: Save the label maps in that folder too.
        gpu_shared: How cells share the GPU, for the record.
        progress: Called with each stage.

    Raises:
        BenchmarkError: Data, weights or protocol are not what the cards state.
    """
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    data = load_target(transfer, workspace, progress)
    setups = [set_up(fold, workspace, device, allow_partial=allow_partial) for fold in data.folds]
    with metered(device) as measured:
        selections, steps, failed = _fine_tune_folds(setups, progress)
    log = predictions / transfer.cell.path if predictions else None
    scored = _score_folds(setups, log, save_predictions, failed)
    setup, seconds = setups[0], time.perf_counter() - clock
    record = RunRecord(
        cell=transfer.cell, key=transfer.key, fingerprints=transfer.fingerprints,
        prepared_data=data.prepared.fingerprint,
        marks=setup.marks(transfer.marks, data.folds),
        source=setup.source, coverage=setup.coverage,
        main_metric=transfer.target.main_metric,
        selection=selections[0], other_folds=selections[1:],
        frozen_tensors_unchanged=True,
        cases=scored.cases, pooled=scored.pooled, failed=failed,
        environment=environment(device, gpu_shared),
        cost=cost(setup.network, transfer.protocol, steps, measured, seconds),
        started=started,
    )  # fmt: skip
    return CellResult(record, data.dataset, scored.label_maps)


def _fine_tune_folds(
    setups: Sequence[Setup], progress: Progress
) -> tuple[tuple[Selection, ...], int, Failure | None]:
    """Selections of all folds, the number of steps, and why the cell failed, if it did."""
    try:
        selected, steps = zip(
            *(setup.fine_tune(progress=progress) for setup in setups), strict=True
        )
        return selected, sum(steps), None
    except Diverged as error:
        return fold_failures(setups, error), error.step, failure(error)


def _score_folds(
    setups: Sequence[Setup], log: Path | None, save_predictions: bool, failed: Failure | None
) -> Scored:
    """All test cases, each scored by the network of its fold; the worst scores if that failed."""
    label_maps, transfer = LabelMaps(), setups[0].data.transfer
    keep_maps = save_predictions and not failed
    with prediction_log(log, transfer.key, processor(), keep_maps) as write_prediction:
        scored = [
            worst_scores(setup.data)
            if failed
            else score_test_set(setup.network, setup.data, write_prediction, label_maps.add)
            for setup in setups
        ]
    return Scored(tuple(case for cases, _ in scored for case in cases), scored[0][1], label_maps)


def run_and_record(
    workspace: Workspace,
    options: RunOptions,
    folder: Path,
    transfer: Transfer,
    progress: Progress,
) -> None:
    """Run one cell and write its record into a board's folder; only then draw its pictures.

    A picture that cannot be drawn or written is one line of notice: the cell is finished.
    """
    result = run_cell(
        transfer,
        workspace,
        choose_device(options.device),
        allow_partial=options.allow_partial,
        predictions=folder / "predictions",
        save_predictions=options.save_predictions,
        gpu_shared=options.gpu_shared,
        progress=progress,
    )
    Store(folder).write(result.record)
    with suppress(OSError):
        picture_path(folder / "pictures", result.record).unlink()
    if options.pictures and not result.record.failed:
        axis, label_maps = transfer.target.slice_axis, result.label_maps
        try:
            write_overlays(
                folder / "pictures", result.record, transfer, result.dataset,
                lambda case: np.stack(to_slices(label_maps[case], axis)),
            )  # fmt: skip
        except Exception as error:
            logging.getLogger("segtransfer").warning("picture not written: %s", printable(error))
