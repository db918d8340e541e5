"""Abdominal CT phantom in Hounsfield units, with muscle, liver and a device."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from benchmark.phantoms.shapes import Array, PhantomCase, ellipse_radius, grid, smooth_field

MUSCLE, LIVER = 1, 2
Bools = npt.NDArray[np.bool_]
# Kernel width in pixels of 128, noise in HU, offset in HU.
DEVICES = {"A": (0.5, 12.0, 0.0), "B": (1.0, 8.0, 6.0), "C": (0.3, 24.0, -6.0)}


def abdomen_ct(rng: np.random.Generator, size: int, device: str | None) -> PhantomCase:
    """Body, fat, muscle ring and psoas, liver, other organs of nearly its density, spine."""
    slices = max(8, size // 4)
    name = device or str(rng.choice(sorted(DEVICES)))
    kernel, noise, offset = DEVICES[name]
    x, y, z = grid(size, size, slices)
    wave = 1 + 0.04 * smooth_field(rng, x.shape, 0.5)
    body = ellipse_radius(x, y, (0, 0), (rng.uniform(0.78, 0.9), rng.uniform(0.6, 0.72)), 0) * wave
    fat = rng.uniform(0.8, 0.9)
    hu = np.full(x.shape, -1000.0)
    mask = np.zeros(x.shape, np.uint8)
    hu[body < 1] = -100
    ring = (body < fat) & (body > fat - rng.uniform(0.07, 0.13))
    inside = body <= fat - 0.13
    hu[inside] = -60 + 30 * smooth_field(rng, x.shape, 0.15)[inside]
    psoas = np.minimum(
        *(ellipse_radius(x, y, (side * 0.2, -0.25), (0.09, 0.12), 0) for side in (-1, 1))
    )
    muscle = ring | (psoas < 1)
    _fill(rng, hu, muscle, rng.uniform(48, 60))
    mask[muscle] = MUSCLE
    centre = (rng.uniform(0.28, 0.38), rng.uniform(0.02, 0.12))
    oval = ellipse_radius(x, y, centre, (0.34, 0.28), rng.uniform(-0.4, 0.4))
    liver = (oval * (1 + 0.1 * smooth_field(rng, x.shape, 0.4)) + 0.4 * z**2 < 1) & inside
    liver &= psoas >= 1
    _fill(rng, hu, liver, rng.uniform(52, 70))
    mask[liver] = LIVER
    for _ in range(rng.integers(3, 6)):  # spleen, kidneys, bowel
        spot = (rng.uniform(-0.5, 0.1), rng.uniform(-0.2, 0.35))
        organ = ellipse_radius(x, y, spot, (rng.uniform(0.07, 0.16), rng.uniform(0.07, 0.14)), 0)
        _fill(rng, hu, (organ < 1) & inside & (mask == 0), rng.uniform(25, 75))
    hu[(ellipse_radius(x, y, (0, -0.42), (0.11, 0.1), 0) < 1) & inside & (mask == 0)] = 350
    hu = ndimage.gaussian_filter(hu, (kernel * size / 128, kernel * size / 128, 0))
    hu += offset + noise * rng.standard_normal(hu.shape)
    spacing = (384 / size, 384 / size, 5.0)
    return PhantomCase(np.clip(hu, -1024, 3071), mask, spacing, {"device": name})


def _fill(rng: np.random.Generator, hu: Array, region: Bools, value: float) -> None:
    hu[region] = value + 5 * smooth_field(rng, hu.shape, 0.1)[region]
