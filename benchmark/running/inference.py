"""Test cases scored once, in their native grid, label by label."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from benchmark.data.layouts.registry import load_case
from benchmark.data.preprocessing import IGNORE, Prepared, PreparedCase
from benchmark.data.resolve import ResolvedDataset
from benchmark.data.slices import from_slices, offsets
from benchmark.models.networks import SegmentationNetwork
from benchmark.planning.transfers import Transfer
from benchmark.records.record import CaseScore
from benchmark.running.case_scores import score_case
from benchmark.scoring.pooled import Batch, pooled_scores
from benchmark.training.fine_tuning import resident
from benchmark.training.selection import predict


def score_cases(
    network: SegmentationNetwork,
    transfer: Transfer,
    opened: ResolvedDataset,
    data: Prepared,
    device: torch.device,
    seen: Callable[[str, npt.NDArray[np.uint8]], None] = lambda case, labels: None,
) -> list[CaseScore]:
    """Score every test case once; `seen` is given each predicted label map, in native geometry.

    Raises:
        DataError: The target asks for distances, but the data set gives no pixel spacing.
    """
    target, card, cases = transfer.target, opened.card, opened.cases
    prepared = {case.case: case for case in data.cases}
    scores = []
    for name in opened.names("test"):
        planes = native_labels(network, data, prepared[name], transfer.protocol.batch_size, device)
        prediction = np.ascontiguousarray(from_slices(planes, target.slice_axis), np.uint8)
        seen(name, prediction)
        loaded = load_case(card, cases[name])
        scores += score_case(target, card, cases[name], loaded, prediction)
    return scores


def score_pooled(
    network: SegmentationNetwork,
    transfer: Transfer,
    opened: ResolvedDataset,
    data: Prepared,
    device: torch.device,
    metrics: Sequence[str],
) -> dict[str, float] | None:
    """Scores pooled over batches of test images at the network's resolution; None for no metric.

    The foreground is every label together; pixels to ignore count nowhere.
    """
    if not metrics:
        return None
    rows, size = data.rows(opened.names("test")), transfer.protocol.batch_size

    def batches() -> Iterator[Batch]:
        for start in range(0, len(rows), size):
            chosen = rows[start : start + size]
            (logits,) = predict(network, resident(data.images[chosen], device), size)
            masks = np.asarray(data.masks[chosen])
            valid = masks != IGNORE
            yield (1 - logits.softmax(1)[:, 0]).cpu().numpy()[valid], masks[valid] > 0

    return {name: round(value, 6) for name, value in pooled_scores(batches(), metrics).items()}


def native_labels(
    network: SegmentationNetwork,
    data: Prepared,
    case: PreparedCase,
    batch_size: int,
    device: torch.device,
) -> npt.NDArray[np.uint8]:
    """Predicted labels (slices, rows, columns) of a case; probabilities are resampled back."""
    planes = native_probabilities(network, data, case, batch_size, device)
    return np.concatenate([part.argmax(1).to(torch.uint8).cpu().numpy() for part in planes])


def native_probabilities(
    network: SegmentationNetwork,
    data: Prepared,
    case: PreparedCase,
    batch_size: int,
    device: torch.device,
) -> Iterator[torch.Tensor]:
    """Probabilities (slices, outputs, rows, columns) of a case in its native grid, in batches."""
    size = data.images.shape[-1]
    top, left = offsets(case.fitted, size)
    images = resident(data.images[case.first : case.first + case.slices], device)
    for logits in predict(network, images, batch_size):
        inside = logits.softmax(1)[..., top : top + case.fitted[0], left : left + case.fitted[1]]
        yield F.interpolate(inside, size=case.native, mode="bilinear", align_corners=False)
