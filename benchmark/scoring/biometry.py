"""Measurements taken from a mask: circumference, area on slices, mean Hounsfield number."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmark.scoring.distance import checked_spacing
from benchmark.scoring.overlap import Mask, paired


def _checked_plane(mask: Mask) -> Mask:
    mask = np.asarray(mask, dtype=np.bool_)
    if mask.ndim != 2:
        raise ValueError(f"this measurement needs a mask with 2 axes, this one has {mask.ndim}")
    return mask


def ellipse_circumference_mm(mask: Mask, spacing_mm: Sequence[float]) -> float:
    """Circumference in mm of the ellipse that has the same second moments as the mask.

    The pixel centres are placed in mm, so pixels need not be square. To their covariance comes
    that of a pixel around its own centre, spacing^2 / 12 per axis. A solid ellipse with
    semi-axis a has variance a^2 / 4 along it, so a semi-axis is twice the root of an eigenvalue.
    The perimeter is Ramanujan's second approximation (1914). The whole mask counts, stray pixels
    included.

    Args:
        mask: Mask of shape (rows, columns).
        spacing_mm: Distance between neighbouring pixels in mm, (rows, columns).

    Returns:
        The circumference in mm. Empty mask: 0.0.
    """
    mask = _checked_plane(mask)
    spacing = checked_spacing(spacing_mm, 2)
    points = np.argwhere(mask) * spacing
    if len(points) == 0:
        return 0.0
    centred = points - points.mean(axis=0)
    covariance = centred.T @ centred / len(points) + np.diag(spacing**2 / 12)
    a, b = (2 * math.sqrt(float(value)) for value in np.linalg.eigvalsh(covariance))
    h = ((a - b) / (a + b)) ** 2
    return math.pi * (a + b) * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h)))


def area_cm2(mask: Mask, spacing_mm: Sequence[float]) -> float:
    """Area of a mask of shape (rows, columns) in square centimetres; 0.0 if it is empty."""
    mask = _checked_plane(mask)
    pixel_mm2 = float(np.prod(checked_spacing(spacing_mm, 2)))
    return int(np.count_nonzero(mask)) * pixel_mm2 / 100


def area_error_cm2(
    prediction: Mask, reference: Mask, spacing_mm: Sequence[float], slice_axis: int = -1
) -> float:
    """Absolute error of the area in cm2; of a volume, the mean over its slices.

    Only slices count on which one of the masks holds something: an area is measured where the
    structure is, and a scan must not look better for being longer.

    Args:
        prediction: Mask with 2 or 3 axes.
        reference: Mask of the same shape.
        spacing_mm: Distance between neighbouring pixels in mm, one number per axis.
        slice_axis: Axis along which a volume is cut; a mask with 2 axes is one slice.

    Returns:
        The error in cm2. Both masks empty: 0.0. Exactly one empty: the area of the other.
    """
    prediction, reference = paired(prediction, reference)
    spacing = checked_spacing(spacing_mm, prediction.ndim)
    if prediction.ndim == 2:
        return abs(area_cm2(prediction, spacing_mm) - area_cm2(reference, spacing_mm))
    plane_mm2 = float(np.prod(np.delete(spacing, slice_axis)))
    found, truth = (
        np.moveaxis(mask, slice_axis, 0).sum((1, 2), dtype=np.int64)
        for mask in (prediction, reference)
    )
    somewhere = (found > 0) | (truth > 0)
    if not somewhere.any():
        return 0.0
    return float(np.abs(found - truth)[somewhere].mean()) * plane_mm2 / 100


def mean_hu_error(
    prediction: Mask, reference: Mask, image: npt.NDArray[np.floating], valid: Mask | None = None
) -> float:
    """Absolute error of the mean Hounsfield number inside the mask.

    Args:
        prediction: Mask of any shape.
        reference: Mask of the same shape.
        image: Hounsfield numbers, of the same shape.
        valid: True for the pixels to count.

    Returns:
        The error in HU. Both masks empty: 0.0. Exactly one empty: the largest error that any
        mask in this image could make.

    Raises:
        ValueError: The shapes differ.
    """
    prediction, reference = paired(prediction, reference, valid)
    if image.shape != reference.shape:
        raise ValueError(f"the image has shape {image.shape}, the masks {reference.shape}")
    if not prediction.any() and not reference.any():
        return 0.0
    if prediction.any() and reference.any():
        means = [float(image[mask].mean(dtype=np.float64)) for mask in (prediction, reference)]
        return abs(means[0] - means[1])
    mean = float(image[prediction | reference].mean(dtype=np.float64))
    return max(mean - float(image.min()), float(image.max()) - mean)
