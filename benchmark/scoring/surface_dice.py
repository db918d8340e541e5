"""Normalised surface Dice: the share of two surfaces that lies within a tolerance of the other.

Source: Nikolov et al., arXiv 1809.04430 (2018), and J Med Internet Res 23, e26151 (2021), with the
surface elements of the authors' implementation, google-deepmind/surface-distance 0.1. A point of a
surface is a corner shared by 4 (2-D) or 8 (3-D) pixels that are not all inside or all outside the
mask; what lies outside the image counts as outside, and a volume of one slice is a picture. It
weighs as much as the contour (2-D) or the surface of marching cubes (3-D; Lorensen and Cline, 1987)
between the centres of these pixels.
"""

from functools import cache
from itertools import permutations, product

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from benchmark.scoring.label_masks import LabelMasks, Mask, as_picture, cropped

# Pixels inside the mask: normals of the line segments or triangles between inside and outside, the
# length of a normal being the element's size in eighths of a pixel. All other patterns are mirror
# images, rotations or complements of these.
_PATTERNS = {
    "00": "44",
    "00 01": "80",
    "00 11": "44 44",
    "000": "111",
    "000 001": "220 220",
    "000 011": "111 111",
    "000 111": "111 111",
    "000 001 010": "111 222 400",
    "000 001 110": "111 220 220",
    "000 011 101": "111 111 111",
    "000 001 010 011": "400 400",
    "000 001 010 100": "111 111 222 222",
    "000 001 011 100": "111 333 022 202",
    "000 001 010 111": "111 111 222 400",
    "000 001 110 111": "220 220 220 220",
    "000 011 101 110": "111 111 111 111",
}


def nsd(masks: LabelMasks) -> float:
    """Normalised surface Dice at the tolerance, from 0 (worst) to 1 (best); Nikolov et al., 2018.

    The size of both surfaces that is at most the tolerance away from the other surface, divided by
    the size of both. Both masks empty: 1.0. Exactly one empty: 0.0.

    Raises:
        ValueError: The spacing or the tolerance is not known.
    """
    masks = masks.once(as_picture)
    spacing, tolerance_mm = masks.spacing, masks.tolerance
    prediction, reference = masks.once(cropped)
    if not (prediction.any() and reference.any()):
        return float(not (prediction.any() or reference.any()))
    sizes_mm = _element_sizes(prediction.ndim, spacing)
    predicted, true = _neighbourhoods(prediction), _neighbourhoods(reference)
    predicted_surface, true_surface = (
        (codes != 0) & (codes != len(sizes_mm) - 1) for codes in (predicted, true)
    )
    within = total = 0.0
    for codes, surface, other in (
        (predicted, predicted_surface, true_surface),
        (true, true_surface, predicted_surface),
    ):
        sizes = sizes_mm[codes[surface]]
        total += float(sizes.sum())
        within += float(sizes[_is_near(surface, other, spacing, tolerance_mm)].sum())
    return within / total


def _is_near(
    surface: Mask, other: Mask, spacing: npt.NDArray[np.float64], tolerance_mm: float
) -> Mask:
    """Whether each point of a surface is at most the tolerance away from the other surface."""
    near = other[surface]
    away = np.argwhere(surface & ~other) * spacing
    # Slightly more than the tolerance: rounding must not lose a point that is exactly so far away.
    tree = cKDTree(np.argwhere(other) * spacing, balanced_tree=False)
    distances, _ = tree.query(away, distance_upper_bound=tolerance_mm * (1 + 1e-9))
    near[~near] = np.isfinite(distances)
    return near


def _neighbourhoods(mask: Mask) -> npt.NDArray[np.uint8]:
    """Code of the pixels around each corner: one bit per pixel that is inside, see `_bit`."""
    padded = np.pad(mask, 1).view(np.uint8)
    codes = np.zeros([length + 1 for length in mask.shape], dtype=np.uint8)
    for corner in product((0, 1), repeat=mask.ndim):
        window = tuple(slice(c, c + n) for c, n in zip(corner, codes.shape, strict=True))
        codes |= padded[window] << _bit(corner)
    return codes


def _element_sizes(axes: int, spacing: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Length in mm (2 axes) or area in mm2 (3 axes) of the elements of each neighbourhood."""
    across = np.prod(spacing) / spacing
    sizes = np.linalg.norm(_normals(axes) * across, axis=2) / 8
    return np.asarray(sizes.sum(axis=1), dtype=np.float64)


@cache
def _normals(axes: int) -> npt.NDArray[np.float64]:
    """Normals of the up to 4 elements of each neighbourhood, shape (codes, 4, axes)."""
    codes = 2**2**axes
    normals = np.zeros((codes, 4, axes))
    for inside, elements in _PATTERNS.items():
        corners, vectors = (
            np.array([[int(digit) for digit in word] for word in text.split()])
            for text in (inside, elements)
        )
        if corners.shape[1] != axes:
            continue
        for order in map(list, permutations(range(axes))):
            for mirrored in product((0, 1), repeat=axes):
                code = sum(1 << _bit(corner) for corner in corners[:, order] ^ mirrored)
                for same in (code, codes - 1 - code):
                    normals[same, : len(vectors)] = vectors[:, order]
    return normals


def _bit(corner: "npt.NDArray[np.integer] | tuple[int, ...]") -> int:
    """Place of a pixel of a neighbourhood in its code."""
    return int(sum(int(place) << axis for axis, place in enumerate(corner)))
