"""Detection of lesions: connected components found, missed and falsely predicted.

A lesion is a connected component; pixels that touch at a corner are connected (8 neighbours in
2-D, 26 in 3-D). One pixel of overlap is enough for a detection.
"""

from typing import NamedTuple

import cc3d
import numpy as np
import numpy.typing as npt

from benchmark.scoring.label_masks import LabelMasks, Mask, cropped

_CONNECTIVITY = {2: 8, 3: 26}


class LesionCounts(NamedTuple):
    """Numbers of lesions: of both masks, of the reference's detected, of the predicted hits."""

    reference: int
    predicted: int
    detected: int
    hits: int


def lesion_recall(masks: LabelMasks) -> float:
    """Detected / reference lesions, from 0 (worst) to 1 (best); see `lesion_counts`.

    No lesion in either mask: 1.0. Lesions in exactly one: 0.0.
    """
    counts = masks.once(lesion_counts)
    return counts.detected / counts.reference if counts.reference else float(not counts.predicted)


def lesion_precision(masks: LabelMasks) -> float:
    """Hits / predicted lesions, from 0 (worst) to 1 (best); see `lesion_counts`.

    No lesion in either mask: 1.0. Lesions in exactly one: 0.0.
    """
    counts = masks.once(lesion_counts)
    return counts.hits / counts.predicted if counts.predicted else float(not counts.reference)


def lesion_f1(masks: LabelMasks) -> float:
    """Harmonic mean of recall and precision; 0.0 where both are 0."""
    recall, precision = lesion_recall(masks), lesion_precision(masks)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def artefact_count(masks: LabelMasks) -> int:
    """Count the predicted components that touch no pixel of the reference; 0 is best.

    Both masks empty, or nothing predicted: 0. Only the reference empty: all that was predicted.
    """
    prediction, reference = masks.once(cropped)
    labels, count = components(prediction)
    touching = np.unique(labels[reference & prediction])
    return count - int(touching.size)


def lesion_counts(masks: LabelMasks) -> LesionCounts:
    """Compare the lesions of two masks with 2 or 3 axes.

    A reference lesion is detected if at least one of its pixels lies in a predicted lesion. A
    predicted lesion is a hit if at least one of its pixels lies in a reference lesion, else a false
    positive. Components of either mask below the minimum lesion volume (mm3, or mm2 for masks with
    2 axes) are dropped first, as if they were background.

    Raises:
        ValueError: Shapes or spacing do not fit, or the minimum volume is negative.
    """
    voxel, minimum_volume = float(np.prod(masks.spacing)), masks.minimum_lesion_volume_mm3
    if not minimum_volume >= 0:
        raise ValueError(f"the minimum volume {minimum_volume} must not be negative")
    # Slightly less than the quotient: rounding must not drop a lesion of exactly the minimum.
    minimum_pixels = minimum_volume / voxel * (1 - 1e-9)
    prediction, reference = masks.once(cropped)
    predicted_labels, predicted_mask, predicted = _lesions(prediction, minimum_pixels)
    reference_labels, reference_mask, total = _lesions(reference, minimum_pixels)
    overlap = predicted_mask & reference_mask
    detected, hits = (
        int(np.unique(labels[overlap]).size) for labels in (reference_labels, predicted_labels)
    )
    return LesionCounts(total, predicted, detected, hits)


def _lesions(mask: Mask, minimum_pixels: float) -> tuple[npt.NDArray[np.integer], Mask, int]:
    """Components, the mask of those that are large enough, and the number of these."""
    labels, count = components(mask)
    keep = np.bincount(labels.ravel(), minlength=count + 1) >= minimum_pixels
    keep[0] = False
    return labels, keep[labels], int(np.count_nonzero(keep))


def components(mask: Mask) -> tuple[npt.NDArray[np.integer], int]:
    """Number the components of a mask with 2 or 3 axes from 1 on (0 is background); count them.

    Raises:
        ValueError: The mask has another number of axes.
    """
    if mask.ndim not in _CONNECTIVITY:
        raise ValueError(f"lesions need a mask with 2 or 3 axes, this one has {mask.ndim}")
    if not mask.any():
        return np.zeros(mask.shape, dtype=np.uint8), 0
    # Of boolean masks with 2 axes, cc3d 4.1 labels background too, most often if a row is odd.
    labels, count = cc3d.connected_components(
        np.ascontiguousarray(mask).view(np.uint8),
        connectivity=_CONNECTIVITY[mask.ndim],
        return_N=True,
    )
    return labels, int(count)
