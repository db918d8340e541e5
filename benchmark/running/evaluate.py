"""Test cases scored once, in their native grid, label by label."""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from benchmark.data.geometry import offsets, uncut
from benchmark.data.layouts import load_case
from benchmark.data.local import OpenData
from benchmark.data.prepare import IGNORE, Prepared, PreparedCase, Preprocessing, merge_labels
from benchmark.errors import DataError
from benchmark.models.networks import SegmentationNetwork
from benchmark.records.record import CaseScore
from benchmark.running.plan import Transfer
from benchmark.scoring.score import score_label
from benchmark.training.finetune import resident
from benchmark.training.validation import predict


def score_cases(
    network: SegmentationNetwork,
    transfer: Transfer,
    opened: OpenData,
    data: Prepared,
    device: torch.device,
) -> list[CaseScore]:
    """Score every test case once, in its native grid, label by label.

    Raises:
        DataError: The target asks for distances, but the data set gives no pixel spacing.
    """
    target, card, cases = transfer.target, opened.card, opened.cases
    how = Preprocessing(
        tuple(target.labels.items()), target.intensity, target.slice_axis, data.images.shape[-1]
    )
    prepared = {case.case: case for case in data.cases}
    scores = []
    for name in opened.names("test"):
        loaded = load_case(card, cases[name])
        reference = merge_labels(loaded.mask, card, how)
        planes = native_labels(network, data, prepared[name], transfer.protocol.batch_size, device)
        prediction = uncut(planes, target.slice_axis)
        valid = reference != IGNORE if card.ignore_value is not None else None
        for number, label in enumerate(target.labels, start=1):
            found, truth = prediction == number, reference == number
            try:
                values = score_label(
                    found,
                    truth,
                    metrics=target.metrics,
                    spacing_mm=loaded.spacing_mm,
                    valid=valid,
                    minimum_lesion_volume_mm3=target.minimum_lesion_volume_mm3,
                )
            except ValueError as error:
                raise DataError(f"target task {target.id}, case {name!r}: {error}") from None
            scores.append(
                CaseScore(
                    case=name,
                    subject=cases[name].subject,
                    label=label,
                    reference_empty=not truth.any(),
                    prediction_empty=not found.any(),
                    scores={metric: round(value, 6) for metric, value in values.items()},
                )
            )
    return scores


def native_labels(
    network: SegmentationNetwork,
    data: Prepared,
    case: PreparedCase,
    batch_size: int,
    device: torch.device,
) -> npt.NDArray[np.uint8]:
    """Predicted labels (slices, rows, columns) of a case; probabilities are resampled back."""
    size = data.images.shape[-1]
    top, left = offsets(case.fitted, size)
    images = resident(data.images[case.first : case.first + case.slices], device)
    planes = []
    for logits in predict(network, images, batch_size):
        inside = logits.softmax(1)[..., top : top + case.fitted[0], left : left + case.fitted[1]]
        native = F.interpolate(inside, size=case.native, mode="bilinear", align_corners=False)
        planes.append(native.argmax(1).to(torch.uint8).cpu().numpy())
    return np.concatenate(planes)
