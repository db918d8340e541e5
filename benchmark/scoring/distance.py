"""Distances between the surfaces of two masks, in millimetres.

The definitions are those of Metrics Reloaded (Maier-Hein et al., Nature Methods 2024) and of
MONAI. The surface of a mask is the set of its pixels that have a background pixel among their
4 (2-D) or 6 (3-D) direct neighbours; what lies outside the image counts as background.

Where exactly one mask is empty there is no distance. It is then set to the diagonal of the
image, a bound that no real distance reaches, so that a missed structure costs instead of
vanishing from a mean.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from benchmark.scoring.overlap import Mask, paired

Distances = npt.NDArray[np.float64]


def checked_spacing(spacing_mm: Sequence[float], dimensions: int) -> npt.NDArray[np.float64]:
    """Return the spacing as an array of shape (dimensions,), in mm.

    Raises:
        ValueError: Not one positive, finite number per axis.
    """
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if spacing.shape != (dimensions,):
        raise ValueError(
            f"the mask has {dimensions} axes, the spacing {tuple(spacing_mm)} must have as many"
        )
    if not bool(np.all(np.isfinite(spacing) & (spacing > 0))):
        raise ValueError(f"the spacing {tuple(spacing_mm)} must be positive and finite")
    return spacing


def _surface_points(mask: Mask, spacing: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Positions in mm of the surface pixels of a mask, shape (pixels, axes)."""
    surface = mask & ~binary_erosion(mask, border_value=0)
    return np.argwhere(surface) * spacing


def _cropped(prediction: Mask, reference: Mask) -> tuple[Mask, Mask]:
    """Cut both masks to the bounding box of their union, which must not be empty."""
    union = prediction | reference
    axes = range(union.ndim)
    box = []
    for axis in axes:
        occupied = np.flatnonzero(union.any(axis=tuple(a for a in axes if a != axis)))
        box.append(slice(int(occupied[0]), int(occupied[-1]) + 1))
    return prediction[tuple(box)], reference[tuple(box)]


def surface_distances(
    prediction: Mask, reference: Mask, spacing_mm: Sequence[float]
) -> tuple[Distances, Distances]:
    """Distance of every surface pixel of one mask to the nearest surface pixel of the other.

    Args:
        prediction: Mask of any shape.
        reference: Mask of the same shape.
        spacing_mm: Distance between neighbouring pixels in mm, one number per axis.

    Returns:
        Distances in mm from prediction to reference and from reference to prediction, one per
        surface pixel. Both masks empty: two arrays that hold one 0.0. Exactly one empty: two
        arrays that hold one value, the diagonal of the image.
    """
    prediction, reference = paired(prediction, reference)
    spacing = checked_spacing(spacing_mm, prediction.ndim)
    empty = not prediction.any(), not reference.any()
    if any(empty):
        diagonal = np.sqrt(np.sum((np.array(prediction.shape) * spacing) ** 2))
        value = np.array([0.0 if all(empty) else diagonal], dtype=np.float64)
        return value, value.copy()
    prediction, reference = _cropped(prediction, reference)
    predicted_points = _surface_points(prediction, spacing)
    reference_points = _surface_points(reference, spacing)
    # The sliding-midpoint tree copes with the many equal coordinates of points on a grid.
    to_reference, _ = cKDTree(reference_points, balanced_tree=False).query(predicted_points)
    to_prediction, _ = cKDTree(predicted_points, balanced_tree=False).query(reference_points)
    return (
        np.asarray(to_reference, dtype=np.float64),
        np.asarray(to_prediction, dtype=np.float64),
    )


def surface_scores(
    prediction: Mask, reference: Mask, spacing_mm: Sequence[float]
) -> tuple[float, float]:
    """Return `hd95_mm` and `assd_mm` from one computation of the distances."""
    forth, back = surface_distances(prediction, reference, spacing_mm)
    hd95 = max(float(np.percentile(forth, 95)), float(np.percentile(back, 95)))
    return hd95, float(np.concatenate([forth, back]).mean())


def hd95_mm(prediction: Mask, reference: Mask, spacing_mm: Sequence[float]) -> float:
    """95th percentile Hausdorff distance in mm: the larger of the two directed percentiles.

    Both masks empty: 0.0. Exactly one empty: the diagonal of the image in mm.
    """
    return surface_scores(prediction, reference, spacing_mm)[0]


def assd_mm(prediction: Mask, reference: Mask, spacing_mm: Sequence[float]) -> float:
    """Average symmetric surface distance in mm: the mean over the pixels of both surfaces.

    Both masks empty: 0.0. Exactly one empty: the diagonal of the image in mm.
    """
    return surface_scores(prediction, reference, spacing_mm)[1]
