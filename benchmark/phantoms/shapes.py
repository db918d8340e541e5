"""Shapes and textures shared by the phantoms."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Array = npt.NDArray[np.float64]
SPECKLE_GRAIN = (0.6, 1.2)  # wider across than along the beam


class PhantomCase(NamedTuple):
    """Image and label mask of one synthetic case, with spacing in mm per spatial axis.

    `image` is (H, W), (H, W, 3), or (X, Y, Z) with RAS+ axes; `facts` hold
    reference values known by construction, such as the head circumference.
    """

    image: npt.NDArray[Any]
    mask: npt.NDArray[Any]
    spacing_mm: tuple[float, ...]
    facts: Mapping[str, str | float]


def grid(*shape: int) -> list[Array]:
    """Coordinates in [-1, 1], one array per axis."""
    axes = [np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in shape]
    return list(np.meshgrid(*axes, indexing="ij"))


def ellipse_radius(
    rows: Array, columns: Array, centre: tuple[float, float], axes: tuple[float, float], turn: float
) -> Array:
    """Normalised radius: 1 on the ellipse, below 1 inside; semi-axes `axes`, `turn` in radians."""
    r, c = rows - centre[0], columns - centre[1]
    u = r * math.cos(turn) + c * math.sin(turn)
    v = -r * math.sin(turn) + c * math.cos(turn)
    radius: Array = np.hypot(u / axes[0], v / axes[1])
    return radius


def ellipse_perimeter(a: float, b: float) -> float:
    """Perimeter of an ellipse with semi-axes a and b: Ramanujan's second approximation (1914)."""
    h = ((a - b) / (a + b)) ** 2
    return math.pi * (a + b) * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h)))


def smooth_field(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
    """Random field of mean 0 and SD 1; the size of its structures is `scale` of the first axis."""
    coarse = tuple(max(2, math.ceil(n / max(1.0, scale * shape[0] / 2))) + 2 for n in shape)
    zoom = [n / c for n, c in zip(shape, coarse, strict=True)]
    field = ndimage.zoom(
        rng.standard_normal(coarse),
        zoom,
        order=3 if len(shape) == 2 else 1,
        mode="nearest",
        grid_mode=True,
    )
    return np.asarray((field - field.mean()) / (field.std() + 1e-9), dtype=np.float64)


def speckle(
    rng: np.random.Generator,
    shape: tuple[int, int],
    grain: tuple[float, float] = SPECKLE_GRAIN,
) -> Array:
    """Multiplicative speckle of mean 1: Rayleigh amplitude.

    Args:
        rng: Draws it.
        shape: Rows and columns.
        grain: Size in pixels along and across the beam: SD of the Gaussian that smooths noise.
    """
    parts = [ndimage.gaussian_filter(rng.standard_normal(shape), grain) for _ in range(2)]
    amplitude = np.hypot(*parts)
    return np.asarray(amplitude / amplitude.mean(), dtype=np.float64)
