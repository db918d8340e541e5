"""Detection of lesions: connected components found, missed and made up.

A lesion is a connected component; pixels that touch at a corner are connected (8 neighbours in
2-D, 26 in 3-D). One pixel of overlap is enough for a detection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
import numpy.typing as npt

from benchmark.scoring.distance import checked_spacing
from benchmark.scoring.overlap import Mask, paired

_CONNECTIVITY = {2: 8, 3: 26}


@dataclass(frozen=True)
class LesionDetection:
    """Counts of lesions, and the three ratios made of them, each from 0 (worst) to 1 (best)."""

    reference_lesions: int
    predicted_lesions: int
    detected: int
    false_positives: int
    recall: float
    precision: float
    f1: float


def _components(mask: Mask) -> tuple[npt.NDArray[np.integer], int]:
    """Number the components of a mask from 1 on (0 is background), and say how many there are."""
    if mask.ndim not in _CONNECTIVITY:
        raise ValueError(f"lesions need a mask with 2 or 3 axes, this one has {mask.ndim}")
    if not mask.any():
        return np.zeros(mask.shape, dtype=np.uint8), 0
    # cc3d 4.1 reserves too few labels for some masks with an axis of one pixel; a margin helps
    labels, count = cc3d.connected_components(
        np.pad(mask, 1), connectivity=_CONNECTIVITY[mask.ndim], return_N=True
    )
    return labels[(slice(1, -1),) * mask.ndim], int(count)


def component_count(mask: Mask) -> int:
    """Count the connected components of a 2-D or 3-D mask; 0 if it is empty."""
    return _components(np.asarray(mask, dtype=np.bool_))[1]


def artefact_count(prediction: Mask, reference: Mask) -> int:
    """Count the predicted components that touch no pixel of the reference; 0 is best.

    Both masks empty, or nothing predicted: 0. Only the reference empty: all that was predicted.
    """
    prediction, reference = paired(prediction, reference)
    labels, count = _components(prediction)
    touching = np.unique(labels[reference & prediction])
    return count - int(touching.size)


def _lesions(mask: Mask, minimum_pixels: float) -> tuple[npt.NDArray[np.integer], Mask, int]:
    """Components, the mask of those that are large enough, and the number of these."""
    labels, count = _components(mask)
    keep = np.bincount(labels.ravel(), minlength=count + 1) >= minimum_pixels
    keep[0] = False
    return labels, keep[labels], int(np.count_nonzero(keep))


def lesion_detection(
    prediction: Mask,
    reference: Mask,
    spacing_mm: Sequence[float],
    minimum_volume_mm3: float = 0.0,
) -> LesionDetection:
    """Compare the lesions of two masks.

    A reference lesion is detected if at least one of its pixels lies in a predicted lesion. A
    predicted lesion is a false positive if none of its pixels lies in a reference lesion.
    recall = detected / reference lesions, precision = (predicted lesions - false positives) /
    predicted lesions, f1 = their harmonic mean.

    Args:
        prediction: Mask with 2 or 3 axes.
        reference: Mask of the same shape.
        spacing_mm: Distance between neighbouring pixels in mm, one number per axis.
        minimum_volume_mm3: Smaller components of either mask are dropped first, as if they
            were background; in mm3, or in mm2 for masks with 2 axes.

    Returns:
        Counts and ratios. No lesion in either mask: all ratios 1.0. Lesions in exactly one of
        them: all ratios 0.0, also those whose denominator is zero.

    Raises:
        ValueError: Shapes or spacing do not fit, or the minimum volume is negative.
    """
    prediction, reference = paired(prediction, reference)
    voxel = float(np.prod(checked_spacing(spacing_mm, prediction.ndim)))
    if not minimum_volume_mm3 >= 0:
        raise ValueError(f"the minimum volume {minimum_volume_mm3} must not be negative")
    # A hair less than the quotient: rounding must not drop a lesion of exactly the minimum.
    minimum_pixels = minimum_volume_mm3 / voxel * (1 - 1e-9)
    predicted_labels, predicted_mask, predicted = _lesions(prediction, minimum_pixels)
    reference_labels, reference_mask, total = _lesions(reference, minimum_pixels)
    overlap = predicted_mask & reference_mask
    detected = int(np.unique(reference_labels[overlap]).size)
    confirmed = int(np.unique(predicted_labels[overlap]).size)
    if total == 0 and predicted == 0:
        recall = precision = 1.0
    else:
        recall = detected / total if total else 0.0
        precision = confirmed / predicted if predicted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return LesionDetection(
        reference_lesions=total,
        predicted_lesions=predicted,
        detected=detected,
        false_positives=predicted - confirmed,
        recall=recall,
        precision=precision,
        f1=f1,
    )
