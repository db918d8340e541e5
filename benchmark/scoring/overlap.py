"""Overlap of two masks: Dice, intersection over union, pixel accuracy; any number of axes."""

import numpy as np

from benchmark.scoring.label_masks import LabelMasks, cropped


def overlap_counts(masks: LabelMasks) -> tuple[int, int, int]:
    """Number of pixels in the prediction, in the reference and in both."""
    prediction, reference = masks.once(cropped)
    return (
        int(np.count_nonzero(prediction)),
        int(np.count_nonzero(reference)),
        int(np.count_nonzero(prediction & reference)),
    )


def dice(masks: LabelMasks) -> float:
    """Dice similarity 2|P and R| / (|P| + |R|), from 0 (worst) to 1 (best); Dice, 1945.

    Both masks empty: 1.0. Exactly one empty: 0.0.
    """
    predicted, true, both = masks.once(overlap_counts)
    return 2.0 * both / (predicted + true) if predicted + true else 1.0


def iou(masks: LabelMasks) -> float:
    """Intersection over union |P and R| / |P or R|, from 0 (worst) to 1 (best); Jaccard, 1912.

    Both masks empty: 1.0. Exactly one empty: 0.0.
    """
    predicted, true, both = masks.once(overlap_counts)
    union = predicted + true - both
    return both / union if union else 1.0


def pixel_accuracy(masks: LabelMasks) -> float:
    """Share of the counted pixels on which both masks agree, from 0 (worst) to 1 (best).

    Both masks empty: 1.0. Exactly one empty: the share of the image that is background in both.
    No pixel to count: 1.0.
    """
    predicted, true, both = masks.once(overlap_counts)
    return 1.0 - (predicted + true - 2 * both) / masks.counted if masks.counted else 1.0
