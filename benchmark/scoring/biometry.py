"""Measurements a sonographer takes from a 2-D mask: circumference and area."""

import math
from collections.abc import Sequence

import numpy as np

from benchmark.scoring.distance import checked_spacing
from benchmark.scoring.overlap import Mask


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
