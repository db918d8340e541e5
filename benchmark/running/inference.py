"""Test cases predicted and scored in their native grid, label by label."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from benchmark.data.layouts.registry import load_case
from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
from benchmark.data.preprocessing import IGNORE
from benchmark.data.slices import from_slices, offsets
from benchmark.models.networks import SegmentationNetwork
from benchmark.records.record import CaseScore
from benchmark.running.case_scores import score_case
from benchmark.running.target_data import TargetData
from benchmark.scoring.pooled import PooledScores
from benchmark.training.batches import to_device
from benchmark.training.selection import predict
from benchmark.workers import in_order

LabelMap = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]


def score_test_set(
    network: SegmentationNetwork,
    data: TargetData,
    *keep: Callable[[str, LabelMap], None],
) -> tuple[tuple[CaseScore, ...], dict[str, float] | None]:
    """Predict and score every test case once; cases are scored while the next are predicted.

    Floating-point results depend on the size of a batch. Protocol version 2 predicts the slices
    of all cases together, in batches. Version 1 predicts case by case, and the images a second
    time for pooled scores, whose probabilities may differ in the last digits.

    Args:
        network: Fine-tuned.
        data: Of the target task.
        keep: Each is called with the name and the label map of every case, in native geometry.

    Returns:
        The scores of each case, and the pooled scores; None for a board without pooled metrics.

    Raises:
        DataError: The target asks for distances, but the data set gives no pixel spacing.
    """
    protocol, prepared, names = data.transfer.protocol, data.prepared, data.dataset.names("test")
    by_name, pooling = {case.case: case for case in prepared.cases}, BatchPooling(data)
    cases = [by_name[name] for name in names]
    rows = [np.arange(case.first, case.first + case.slices) for case in cases]
    if protocol.version == 1:
        by_case = chain(*(_batches(case_rows, protocol.batch_size) for case_rows in rows))
        logits = _predicted(network, prepared, by_case)
    else:
        batches = _batches(np.concatenate(rows), protocol.inference_batch_size)
        logits = _predicted(network, prepared, batches, pooling.add)
    maps = _label_maps(logits, data, cases, keep)
    scored = in_order(partial(_score, data), maps, torch.get_num_threads())
    scores = tuple(score for case_scores in scored for score in case_scores)
    if protocol.version == 1 and data.board.pooled_metrics:
        again = _batches(prepared.rows(names), protocol.batch_size)
        for _ in _predicted(network, prepared, again, pooling.add):
            pass
    return scores, pooling.result()


class BatchPooling:
    """Scores pooled over batches of the protocol's size, at the network's resolution.

    Only boards that reproduce published numbers ask for them. The foreground is all labels
    together, and ignored pixels do not count.
    """

    def __init__(self, data: TargetData) -> None:
        """No batch yet."""
        self._metrics, self._size = data.board.pooled_metrics, data.transfer.protocol.batch_size
        self._masks, self._scores = data.prepared.masks, PooledScores(self._metrics)

    def add(self, rows: Rows, logits: torch.Tensor) -> None:
        """Add the next test slices; all but the last call give a multiple of the batch size."""
        for start in range(0, len(rows) if self._metrics else 0, self._size):
            part = slice(start, start + self._size)
            reference = np.asarray(self._masks[rows[part]])
            valid, foreground = reference != IGNORE, 1 - logits[part].softmax(1)[:, 0]
            self._scores.add(foreground.cpu().numpy()[valid], reference[valid] > 0)

    def result(self) -> dict[str, float] | None:
        """The scores; None for no metric."""
        if not self._metrics:
            return None
        return {name: round(value, 6) for name, value in self._scores.result().items()}


def _batches(rows: Rows, size: int) -> Iterator[Rows]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _predicted(
    network: SegmentationNetwork,
    prepared: PreparedDataset,
    batches: Iterable[Rows],
    seen: Callable[[Rows, torch.Tensor], None] = lambda rows, logits: None,
) -> Iterator[torch.Tensor]:
    """Logits (outputs, S, S) of one slice after the other, predicted in these batches of rows."""
    for rows in batches:
        images = to_device(prepared.images[rows], network.device)
        (logits,) = predict(network, images, len(rows))
        seen(rows, logits)
        yield from logits


def _label_maps(
    logits: Iterator[torch.Tensor],
    data: TargetData,
    cases: Iterable[PreparedCase],
    keep: Sequence[Callable[[str, LabelMap], None]],
) -> Iterator[tuple[str, LabelMap]]:
    """Names and label maps of these cases; the logits are those of their slices, in order."""
    size = data.transfer.protocol.batch_size
    for case in cases:
        batches = [
            torch.stack(list(islice(logits, min(size, case.slices - first))))
            for first in range(0, case.slices, size)
        ]
        labels = native_labels(batches, data.prepared, case)
        prediction = np.ascontiguousarray(
            from_slices(labels, data.transfer.target.slice_axis), np.uint8
        )
        for function in keep:
            function(case.case, prediction)
        yield case.case, prediction


def _score(data: TargetData, predicted: tuple[str, LabelMap]) -> list[CaseScore]:
    name, label_map = predicted
    card, case = data.dataset.card, data.dataset.cases[name]
    return score_case(data.transfer.target, card, case, load_case(card, case), label_map)


def native_labels(
    logits: Iterable[torch.Tensor], prepared: PreparedDataset, case: PreparedCase
) -> LabelMap:
    """Labels of a case in its native grid, (slices, rows, columns), from batches of logits."""
    batches = _native(logits, prepared, case)
    return np.concatenate([batch.argmax(1).to(torch.uint8).cpu().numpy() for batch in batches])


def native_probabilities(
    network: SegmentationNetwork, prepared: PreparedDataset, case: PreparedCase, batch_size: int
) -> Iterator[torch.Tensor]:
    """Probabilities of a case, resampled to its native grid: (slices, outputs, rows, columns).

    Yields them in batches of slices.
    """
    images = to_device(prepared.images[case.first : case.first + case.slices], network.device)
    return _native(predict(network, images, batch_size), prepared, case)


def _native(
    batches: Iterable[torch.Tensor], prepared: PreparedDataset, case: PreparedCase
) -> Iterator[torch.Tensor]:
    """Probabilities in the native grid, batch by batch, without the padding of `letterbox`."""
    size = prepared.images.shape[-1]
    top, left = offsets(case.fitted, size)
    for logits in batches:
        inside = logits.softmax(1)[..., top : top + case.fitted[0], left : left + case.fitted[1]]
        yield F.interpolate(inside, size=case.native, mode="bilinear", align_corners=False)
