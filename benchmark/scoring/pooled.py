"""Scores as published code pooled them: over batches of test images, at the network's resolution.

They serve only for comparing a run with a published table. A batch-pooled Dice weighs large
structures more than small ones and depends on the order of the images, so no ranking uses it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.scoring.label_masks import Mask
from benchmark.scoring.metrics import POOLED

EPSILON = 1e-8
THRESHOLD = 0.5
Number = float | np.number[Any]
Ratio = tuple[Number, Number]  # numerator and denominator


class BatchMasks(NamedTuple):
    """One batch: probabilities q, predictions p = q > 0.5 and references y, of equal shape."""

    probability: npt.NDArray[np.floating]
    prediction: Mask
    reference: Mask


def pooled_pixel_accuracy(batch: BatchMasks) -> Ratio:
    """sum(p == y) / number of pixels."""
    return np.count_nonzero(batch.prediction == batch.reference), batch.reference.size


def pooled_dice(batch: BatchMasks) -> Ratio:
    """2 sum(p y) / (sum(p) + sum(y) + 1e-8)."""
    sizes = np.count_nonzero(batch.prediction) + np.count_nonzero(batch.reference)
    return 2 * np.count_nonzero(batch.prediction & batch.reference), sizes + EPSILON


def pooled_iou(batch: BatchMasks) -> Ratio:
    """sum(p y) / (sum(p or y) + 1e-8)."""
    union = np.count_nonzero(batch.prediction | batch.reference)
    return np.count_nonzero(batch.prediction & batch.reference), union + EPSILON


def pooled_soft_dice(batch: BatchMasks) -> Ratio:
    """(2 sum(q y) + 1) / (sum(q) + sum(y) + 1)."""
    overlap = float(batch.probability[batch.reference].sum(dtype=np.float64))
    sizes = float(batch.probability.sum(dtype=np.float64)) + np.count_nonzero(batch.reference)
    return 2 * overlap + 1, sizes + 1


def pooled_soft_iou(batch: BatchMasks) -> Ratio:
    """(sum(q y) + 1) / (sum(q) + sum(y) - sum(q y) + 1): D / (2 - D) of the soft Dice D.

    Both add 1, so that the identity is not exact: the difference is below 1 / sum(y).
    """
    doubled, sizes = pooled_soft_dice(batch)
    overlap = (doubled - 1) / 2
    return overlap + 1, sizes - overlap


class PooledScores:
    """Scores of a test set, added up batch by batch.

    `pooled_pixel_accuracy` is the ratio of the sums over all batches; the others are the ratio of
    each batch and then the plain mean over batches, a smaller last one included. A batch with an
    empty reference and an empty prediction scores 0 in Dice and IoU and about 1 in soft Dice
    and soft IoU.
    """

    def __init__(self, metrics: Sequence[str]) -> None:
        """No batch yet; the metrics are names from `POOLED`."""
        self._metrics = metrics
        self._ratios: list[list[Ratio]] = []
        self._pixels = 0

    def add(self, probability: npt.NDArray[np.floating], reference: Mask) -> None:
        """Add a batch: probabilities of the foreground in [0, 1] and the reference.

        Raises:
            ValueError: The shapes differ.
        """
        if probability.shape != reference.shape:
            raise ValueError(f"shapes differ: {probability.shape} and {reference.shape}")
        batch = BatchMasks(probability, probability > THRESHOLD, reference)
        self._ratios.append([POOLED[name].ratio(batch) for name in self._metrics])
        self._pixels += reference.size

    def result(self) -> dict[str, float]:
        """The metrics in the order asked for, each in [0, 1].

        Raises:
            ValueError: No pixel was added.
        """
        if not self._pixels:
            raise ValueError("there is no test image to pool")
        parts = np.array(self._ratios, dtype=np.float64).reshape(-1, len(self._metrics), 2)
        totals, means = parts.sum(axis=0), (parts[..., 0] / parts[..., 1]).mean(axis=0)
        return {
            name: float(means[k] if POOLED[name].over_batches else totals[k, 0] / totals[k, 1])
            for k, name in enumerate(self._metrics)
        }
