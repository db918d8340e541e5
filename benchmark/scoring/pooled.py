"""Scores as published code pooled them: over batches of test images, at the network's resolution.

They are for holding a run against a published table only. A batch-pooled Dice weighs large
structures more than small ones and depends on the order of the images, so no ranking uses it.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from benchmark.scoring.overlap import Mask

EPSILON = 1e-8
THRESHOLD = 0.5
Batch = tuple[npt.NDArray[np.floating], Mask]


def pooled_scores(batches: Iterable[Batch], metrics: Sequence[str]) -> dict[str, float]:
    """Scores of a whole test set, batch by batch.

    `pooled_pixel_accuracy` is correct pixels / pixels over all batches. `pooled_dice` is
    2 sum(p y) / (sum(p) + sum(y) + 1e-8) of each batch and then the plain mean over batches, a
    smaller last one included; `pooled_iou` is the same of sum(p y) / (sum(p or y) + 1e-8); p is
    1 where the probability is above 0.5. `pooled_soft_dice` is
    (2 sum(q y) + 1) / (sum(q) + sum(y) + 1) with the probabilities q themselves. A batch in which
    nothing is to be found and nothing is found scores 0 in Dice and IoU and about 1 in soft Dice.

    Args:
        batches: Probabilities of the foreground in [0, 1] and the reference, of equal shape.
        metrics: Names from `POOLED`.

    Returns:
        The metrics asked for, in the order asked for, each in [0, 1].

    Raises:
        ValueError: No batch, or shapes that differ.
    """
    correct = pixels = 0
    rows: list[tuple[float, float, float]] = []
    for probability, reference in batches:
        if probability.shape != reference.shape:
            raise ValueError(f"shapes differ: {probability.shape} and {reference.shape}")
        found = probability > THRESHOLD
        both, either = np.count_nonzero(found & reference), np.count_nonzero(found | reference)
        correct += int(np.count_nonzero(found == reference))
        pixels += reference.size
        soft = 2 * float(probability[reference].sum(dtype=np.float64)) + 1
        size = float(probability.sum(dtype=np.float64)) + int(np.count_nonzero(reference)) + 1
        rows.append((2 * both / (both + either + EPSILON), both / (either + EPSILON), soft / size))
    if not pixels:
        raise ValueError("nothing to pool; there is no test image")
    dice, iou, soft_dice = (float(value) for value in np.mean(rows, axis=0))
    values = {
        "pooled_pixel_accuracy": correct / pixels,
        "pooled_dice": dice,
        "pooled_iou": iou,
        "pooled_soft_dice": soft_dice,
    }
    return {name: values[name] for name in metrics}
