"""Overlap of two masks: Dice, intersection over union, pixel accuracy.

All functions take boolean masks of equal shape and any number of dimensions, and optionally
`valid`, a mask of the same shape that is True for the pixels to count (the ignore rule).
"""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def paired(prediction: Mask, reference: Mask, valid: Mask | None = None) -> tuple[Mask, Mask]:
    """Check that two masks belong together and take the pixels to ignore out of both.

    Args:
        prediction: Mask of any shape.
        reference: Mask of the same shape.
        valid: True for the pixels to count, of the same shape; None counts every pixel.

    Returns:
        The two masks as boolean arrays, False wherever `valid` is False.

    Raises:
        ValueError: The shapes differ.
    """
    prediction = np.asarray(prediction, dtype=np.bool_)
    reference = np.asarray(reference, dtype=np.bool_)
    if prediction.shape != reference.shape:
        raise ValueError(
            f"the prediction has shape {prediction.shape}, the reference {reference.shape}"
        )
    if valid is None:
        return prediction, reference
    valid = np.asarray(valid, dtype=np.bool_)
    if valid.shape != reference.shape:
        raise ValueError(f"the valid mask has shape {valid.shape}, the masks {reference.shape}")
    return prediction & valid, reference & valid


def dice(prediction: Mask, reference: Mask, valid: Mask | None = None) -> float:
    """Dice similarity 2|P and R| / (|P| + |R|), from 0 (worst) to 1 (best); Dice, 1945.

    Both masks empty: 1.0. Exactly one empty: 0.0.
    """
    prediction, reference = paired(prediction, reference, valid)
    total = int(np.count_nonzero(prediction)) + int(np.count_nonzero(reference))
    if total == 0:
        return 1.0
    return 2.0 * int(np.count_nonzero(prediction & reference)) / total


def iou(prediction: Mask, reference: Mask, valid: Mask | None = None) -> float:
    """Intersection over union |P and R| / |P or R|, from 0 (worst) to 1 (best); Jaccard, 1912.

    Both masks empty: 1.0. Exactly one empty: 0.0.
    """
    prediction, reference = paired(prediction, reference, valid)
    union = int(np.count_nonzero(prediction | reference))
    if union == 0:
        return 1.0
    return int(np.count_nonzero(prediction & reference)) / union


def pixel_accuracy(prediction: Mask, reference: Mask, valid: Mask | None = None) -> float:
    """Share of the counted pixels on which both masks agree, from 0 (worst) to 1 (best).

    Both masks empty: 1.0. Exactly one empty: the share of the image that is background in both.
    No pixel to count: 1.0.
    """
    prediction, reference = paired(prediction, reference, valid)
    counted = prediction.size if valid is None else int(np.count_nonzero(valid))
    if counted == 0:
        return 1.0
    return 1.0 - int(np.count_nonzero(prediction != reference)) / counted
