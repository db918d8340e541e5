"""Distances between the surfaces of two masks, in millimetres.

The definitions are those of Metrics Reloaded (Maier-Hein et al., Nature Methods 2024) and of
MONAI. The surface of a mask is the set of its pixels that have a background pixel among their
4 (2-D) or 6 (3-D) direct neighbours; what lies outside the image counts as background.

Where exactly one mask is empty there is no distance. It is then set to the diagonal of the
image, a bound that no real distance reaches, so that a missed structure counts as an error
instead of vanishing from a mean.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from benchmark.scoring.label_masks import LabelMasks, Mask

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
    spacing = masks.spacing
    empty = not masks.prediction.any(), not masks.reference.any()
    if any(empty):
        diagonal = np.sqrt(np.sum((np.array(masks.prediction.shape) * spacing) ** 2))
        value = np.array([0.0 if all(empty) else diagonal], dtype=np.float64)
        return value, value.copy()
    predicted, true = (
        _surface_points(mask, spacing) for mask in _cropped(masks.prediction, masks.reference)
    )
    return _nearest(predicted, true), _nearest(true, predicted)


def _cropped(prediction: Mask, reference: Mask) -> tuple[Mask, Mask]:
    """Cut both masks to the bounding box of their union, which must not be empty."""
    union = prediction | reference
    axes = range(union.ndim)
    box = []
    for axis in axes:
        occupied = np.flatnonzero(union.any(axis=tuple(a for a in axes if a != axis)))
        box.append(slice(int(occupied[0]), int(occupied[-1]) + 1))
    return prediction[tuple(box)], reference[tuple(box)]


def _surface_points(mask: Mask, spacing: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Positions in mm of the surface pixels of a mask, shape (pixels, axes)."""
    surface = mask & ~binary_erosion(mask, border_value=0)
    return np.argwhere(surface) * spacing


def _nearest(points: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> Distances:
    """Distance of each point to the nearest of the others."""
    # The sliding-midpoint tree copes with the many equal coordinates of points on a grid.
    distances, _ = cKDTree(others, balanced_tree=False).query(points)
    return np.asarray(distances, dtype=np.float64)
