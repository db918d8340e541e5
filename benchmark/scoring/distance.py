"""Distances between the surfaces of two masks, in millimetres.

The definitions are those of Metrics Reloaded (Maier-Hein et al., Nature Methods 2024) and of
MONAI. The surface of a mask is the set of its pixels that have a background pixel among their
4 (2-D) or 6 (3-D) direct neighbours; what lies outside the image counts as background. A volume of
one slice is a picture.

Where exactly one mask is empty there is no distance. It is then set to the diagonal of the
image, a bound that no real distance reaches, so that a missed structure counts as an error
instead of vanishing from a mean.
"""

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from benchmark.scoring.label_masks import LabelMasks, Mask, as_picture, cropped

Distances = npt.NDArray[np.float64]


def hd95_mm(masks: LabelMasks) -> float:
    """95th percentile Hausdorff distance in mm: the larger of the two directed percentiles.

    Both masks empty: 0.0. Exactly one empty: the diagonal of the image in mm.
    """
    return max(float(np.percentile(d, 95)) for d in masks.once(surface_distances))


def assd_mm(masks: LabelMasks) -> float:
    """Average symmetric surface distance in mm: the mean over the pixels of both surfaces.

    Both masks empty: 0.0. Exactly one empty: the diagonal of the image in mm.
    """
    return float(np.concatenate(masks.once(surface_distances)).mean())


def surface_distances(masks: LabelMasks) -> tuple[Distances, Distances]:
    """Distance of every surface pixel of one mask to the nearest surface pixel of the other.

    Returns:
        Distances in mm from prediction to reference and from reference to prediction, one per
        surface pixel. Both masks empty: two arrays that hold one 0.0. Exactly one empty: two
        arrays that hold one value, the diagonal of the image.
    """
    masks = masks.once(as_picture)
    spacing = masks.spacing
    empty = not masks.prediction.any(), not masks.reference.any()
    if any(empty):
        diagonal = np.sqrt(np.sum((np.array(masks.prediction.shape) * spacing) ** 2))
        value = np.array([0.0 if all(empty) else diagonal], dtype=np.float64)
        return value, value.copy()
    predicted, true = (_surface(mask) for mask in masks.once(cropped))
    return _nearest(predicted, true, spacing), _nearest(true, predicted, spacing)


def _surface(mask: Mask) -> Mask:
    """Pixels of a mask that have a direct neighbour in the background."""
    padded, inside = np.pad(mask, 1), mask.copy()
    for axis, length in enumerate(mask.shape):
        for start in (0, 2):
            window = [slice(1, -1)] * mask.ndim
            window[axis] = slice(start, start + length)
            inside &= padded[tuple(window)]
    return mask & ~inside


def _nearest(surface: Mask, other: Mask, spacing: npt.NDArray[np.float64]) -> Distances:
    """Distance in mm of each pixel of a surface to the nearest of the other."""
    shared = other[surface]
    distances = np.zeros(len(shared))
    # The sliding-midpoint tree copes with the many equal coordinates of points on a grid.
    tree = cKDTree(np.argwhere(other) * spacing, balanced_tree=False)
    distances[~shared], _ = tree.query(np.argwhere(surface & ~other) * spacing)
    return distances
