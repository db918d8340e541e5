"""Scores as published code pooled them: over batches of test images, at the network's resolution.

They serve only for comparing a run with a published table. A batch-pooled Dice weighs large
structures more than small ones and depends on the order of the images, so no ranking uses it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.scoring.label_masks import Mask
from benchmark.scoring.metrics import POOLED

EPSILON = 1e-8
THRESHOLD = 0.5
Batch = tuple[npt.NDArray[np.floating], Mask]  # foreground probabilities and reference
Ratio = tuple[float, float]  # numerator and denominator


@dataclass(frozen=True)
class BatchCounts:
    """Sums over the pixels of a batch: probabilities q, predictions p = q > 0.5, references y.

    Attributes:
        pixels: Number of pixels.
        correct: sum(p == y).
        both: sum(p y).
        either: sum(p or y).
        true: sum(y).
        soft_both: sum(q y).
        soft: sum(q).
    """

    pixels: int
    correct: int
    both: int
    either: int
    true: int
    soft_both: float
    soft: float

    @classmethod
    def of(cls, probability: npt.NDArray[np.floating], reference: Mask) -> "BatchCounts":
        """Count the pixels of a batch.

        Raises:
            ValueError: The shapes differ.
        """
        if probability.shape != reference.shape:
            raise ValueError(f"shapes differ: {probability.shape} and {reference.shape}")
        predicted = probability > THRESHOLD
        return cls(
            pixels=reference.size,
            correct=int(np.count_nonzero(predicted == reference)),
            both=int(np.count_nonzero(predicted & reference)),
            either=int(np.count_nonzero(predicted | reference)),
            true=int(np.count_nonzero(reference)),
            soft_both=float(probability[reference].sum(dtype=np.float64)),
            soft=float(probability.sum(dtype=np.float64)),
        )


def pooled_pixel_accuracy(batch: BatchCounts) -> Ratio:
    """Correct pixels / pixels."""
    return batch.correct, batch.pixels


def pooled_dice(batch: BatchCounts) -> Ratio:
    """2 sum(p y) / (sum(p) + sum(y) + 1e-8)."""
    return 2 * batch.both, batch.both + batch.either + EPSILON


def pooled_iou(batch: BatchCounts) -> Ratio:
    """sum(p y) / (sum(p or y) + 1e-8)."""
    return batch.both, batch.either + EPSILON


def pooled_soft_dice(batch: BatchCounts) -> Ratio:
    """(2 sum(q y) + 1) / (sum(q) + sum(y) + 1)."""
    return 2 * batch.soft_both + 1, batch.soft + batch.true + 1


def pooled_scores(batches: Iterable[Batch], metrics: Sequence[str]) -> dict[str, float]:
    """Scores of a test set, batch by batch.

    `pooled_pixel_accuracy` is the ratio of the sums over all batches; the others are the ratio of
    each batch and then the plain mean over batches, a smaller last one included. A batch with an
    empty reference and an empty prediction scores 0 in Dice and IoU and about 1 in soft Dice.

    Args:
        batches: Probabilities of the foreground in [0, 1] and the reference, of equal shape.
        metrics: Names from `POOLED`.

    Returns:
        The metrics asked for, in the order asked for, each in [0, 1].

    Raises:
        ValueError: No pixel, or shapes that differ.
    """
    counts = [BatchCounts.of(probability, reference) for probability, reference in batches]
    if not sum(batch.pixels for batch in counts):
        raise ValueError("there is no test image to pool")
    ratios = [[POOLED[name].ratio(batch) for name in metrics] for batch in counts]
    parts = np.array(ratios, dtype=np.float64).reshape(-1, len(metrics), 2)
    totals, means = parts.sum(axis=0), (parts[..., 0] / parts[..., 1]).mean(axis=0)
    return {
        name: float(means[k] if POOLED[name].over_batches else totals[k, 0] / totals[k, 1])
        for k, name in enumerate(metrics)
    }
