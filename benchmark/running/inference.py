"""Test cases predicted and scored in their native grid, label by label."""

from collections.abc import Callable, Iterator, Sequence

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
from benchmark.running.setup import TargetData
from benchmark.scoring.pooled import Batch, pooled_scores
from benchmark.training.batches import to_device
from benchmark.training.selection import predict

LabelMap = npt.NDArray[np.uint8]


def score_cases(
    network: SegmentationNetwork,
    data: TargetData,
    *keep: Callable[[str, LabelMap], None],
) -> tuple[CaseScore, ...]:
    """Predict and score every test case once.

    Args:
        network: Fine-tuned.
        data: Of the target task.
        keep: Each is called with the name and the label map of every case, in native geometry.

    Raises:
        DataError: The target asks for distances, but the data set gives no pixel spacing.
    """
    target, card = data.transfer.target, data.dataset.card
    batch_size = data.transfer.protocol.batch_size
    prepared = {case.case: case for case in data.prepared.cases}
    scores: list[CaseScore] = []
    for name in data.dataset.names("test"):
        case = data.dataset.cases[name]
        slices = native_labels(network, data.prepared, prepared[name], batch_size)
        prediction = np.ascontiguousarray(from_slices(slices, target.slice_axis), np.uint8)
        for function in keep:
            function(name, prediction)
        scores += score_case(target, card, case, load_case(card, case), prediction)
    return tuple(scores)


def score_pooled(
    network: SegmentationNetwork, data: TargetData, metrics: Sequence[str]
) -> dict[str, float] | None:
    """Scores pooled over batches of test images at the network's resolution; None for no metric.

    Only boards that reproduce published numbers ask for them. The foreground is all labels
    together, and ignored pixels do not count. The images are predicted in the published batches,
    across cases: floating-point results depend on the size of a batch, so that probabilities of
    `score_cases`, which predicts case by case, may differ in the last digits.
    """
    if not metrics:
        return None
    images, masks = data.prepared.images, data.prepared.masks
    rows, size = data.prepared.rows(data.dataset.names("test")), data.transfer.protocol.batch_size

    def batches() -> Iterator[Batch]:
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            (logits,) = predict(network, to_device(images[batch], network.device), size)
            reference = np.asarray(masks[batch])
            valid = reference != IGNORE
            yield (1 - logits.softmax(1)[:, 0]).cpu().numpy()[valid], reference[valid] > 0

    return {name: round(value, 6) for name, value in pooled_scores(batches(), metrics).items()}


def native_labels(
    network: SegmentationNetwork, prepared: PreparedDataset, case: PreparedCase, batch_size: int
) -> LabelMap:
    """Predicted labels of a case in its native grid, (slices, rows, columns)."""
    batches = native_probabilities(network, prepared, case, batch_size)
    return np.concatenate([batch.argmax(1).to(torch.uint8).cpu().numpy() for batch in batches])


def native_probabilities(
    network: SegmentationNetwork, prepared: PreparedDataset, case: PreparedCase, batch_size: int
) -> Iterator[torch.Tensor]:
    """Probabilities of a case, resampled to its native grid: (slices, outputs, rows, columns).

    Yields them in batches of slices.
    """
    size = prepared.images.shape[-1]
    top, left = offsets(case.fitted, size)
    images = to_device(prepared.images[case.first : case.first + case.slices], network.device)
    for logits in predict(network, images, batch_size):
        inside = logits.softmax(1)[..., top : top + case.fitted[0], left : left + case.fitted[1]]
        yield F.interpolate(inside, size=case.native, mode="bilinear", align_corners=False)
