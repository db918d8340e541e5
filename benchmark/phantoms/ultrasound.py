"""Ultrasound phantoms: fetal head, ribs over the lung."""

import math

import numpy as np

from benchmark.phantoms.shapes import (
    SPECKLE_GRAIN,
    Array,
    PhantomCase,
    ellipse_perimeter,
    ellipse_radius,
    grid,
    smooth_field,
    speckle,
)

Range = tuple[float, float]


def fetal_head(rng: np.random.Generator, size: int, device: str | None) -> PhantomCase:
    """A head near the middle of the view, so that an average mask is right in most pixels."""
    return _fetal_head(rng, size, shift=0.15, short=(0.38, 0.6), long=(0.42, 0.75), turn=0.6)


def fetal_head_texture(rng: np.random.Generator, size: int, device: str | None) -> PhantomCase:
    """A head anywhere in the view, with finer speckle than the tissue around it."""
    grains = ((0.4, 0.4), (1.5, 2.5))
    return _fetal_head(
        rng, size, shift=0.4, short=(0.25, 0.5), long=(0.28, 0.6), turn=1.5, grains=grains
    )


def _fetal_head(
    rng: np.random.Generator,
    size: int,
    *,
    shift: float,
    short: Range,
    long: Range,
    turn: float,
    grains: tuple[Range, Range] = (SPECKLE_GRAIN, SPECKLE_GRAIN),
) -> PhantomCase:
    """Skull ellipse with gaps, weak interior, clutter arcs, shadow, sector-shaped view.

    Args:
        rng: Draws everything.
        size: Rows and columns.
        shift: Largest distance of the centre from the middle along an axis; 1 is half of the view.
        short: Range of one semi-axis, in the same unit.
        long: Range of the other.
        turn: Largest angle in radians.
        grains: Of the speckle inside and outside.
    """
    rows, columns = grid(size, size)
    centre = (rng.uniform(-shift, shift), rng.uniform(-shift, shift))
    axes = (rng.uniform(*short), rng.uniform(*long))
    tilt = rng.uniform(-turn, turn)
    radius = ellipse_radius(rows, columns, centre, axes, tilt)
    angle = np.arctan2(rows - centre[0], columns - centre[1])
    gaps = 0.55 + 0.45 * np.sin(angle * rng.integers(1, 4) + rng.uniform(0, 6))
    width = rng.uniform(0.03, 0.06)
    image = 45 + 25 * smooth_field(rng, (size, size), 0.3)
    image = np.where(radius < 1, 0.75 * image + rng.uniform(-5, 10), image)
    image += rng.uniform(90, 170) * gaps * np.exp(-(((radius - 1) / width) ** 2))
    midline = ellipse_radius(rows, columns, centre, (0.02, axes[1] * 0.8), tilt)
    image += 50 * np.exp(-(midline**2))
    for _ in range(rng.integers(2, 5)):
        image += _clutter_arc(rng, rows, columns)
    image *= _shadows(rng, rows, columns) * _attenuation(rng, rows)
    sector = np.abs(np.arctan2(columns, rows + 1.9)) < 0.72
    inner, outer = grains
    texture = speckle(rng, (size, size), outer)
    if inner != outer:
        texture = np.where(radius < 1, speckle(rng, (size, size), inner), texture)
    image = np.clip(image, 0, None) * texture * sector
    spacing = float(rng.uniform(0.05, 0.35) * 800 / size)
    half = spacing * (size - 1) / 2
    facts = {"head_circumference_mm": ellipse_perimeter(axes[0] * half, axes[1] * half)}
    return PhantomCase(np.clip(image, 0, 255), radius <= 1, (spacing, spacing), facts)


def lung_ribs(rng: np.random.Generator, size: int, device: str | None) -> PhantomCase:
    """Bright arcs with shadow beneath, bright muscle layers that look alike, a pleural line."""
    rows, columns = grid(size, size)
    image = 60 + 25 * smooth_field(rng, (size, size), 0.2)
    shade, mask = np.ones((size, size)), np.zeros((size, size), bool)
    pleura = rng.uniform(0.0, 0.35)
    for _ in range(rng.integers(3, 6)):
        depth = rng.uniform(-0.95, pleura - 0.1)
        distance = np.abs(rows - depth - rng.uniform(-0.15, 0.15) * columns)
        image += rng.uniform(40, 120) * np.exp(-((distance / 0.025) ** 2))
    image += 130 * np.exp(-(((rows - pleura - 0.05 * np.sin(3 * columns)) / 0.02) ** 2))
    for middle in np.arange(-0.8 + rng.uniform(-0.2, 0.2), 1.0, rng.uniform(0.6, 0.9)):
        depth, half = rng.uniform(-0.55, pleura - 0.25), rng.uniform(0.13, 0.24)
        across = (columns - middle) / half
        curve = depth + rng.uniform(0.08, 0.2) * across**2
        inside = np.abs(across) < 1
        arc = inside & (np.abs(rows - curve) < rng.uniform(0.035, 0.06))
        image = np.where(arc, rng.uniform(120, 200), image)
        beneath = inside & (rows > curve)
        shade = np.where(beneath & ~arc, shade * rng.uniform(0.25, 0.6), shade)
        mask |= arc
    image = np.clip(image * shade, 0, None) * _attenuation(rng, rows)
    spacing = float(rng.uniform(0.2, 0.4) * 128 / size)
    image = image * speckle(rng, (size, size))
    return PhantomCase(np.clip(image, 0, 255), mask, (spacing, spacing), {})


def _clutter_arc(rng: np.random.Generator, rows: Array, columns: Array) -> Array:
    """A bright arc that is not part of the skull."""
    centre = (rng.uniform(-1, 1), rng.uniform(-1, 1))
    radius = ellipse_radius(rows, columns, centre, (rng.uniform(0.3, 1), rng.uniform(0.3, 1)), 0)
    angle = np.arctan2(rows - centre[0], columns - centre[1])
    part = np.cos(angle - rng.uniform(-math.pi, math.pi)) > rng.uniform(0.2, 0.8)
    arc: Array = rng.uniform(50, 150) * np.exp(-(((radius - 1) / 0.05) ** 2)) * part
    return arc


def _shadows(rng: np.random.Generator, rows: Array, columns: Array) -> Array:
    """Dark wedges from the probe downwards."""
    angle, shade = np.arctan2(columns, rows + 1.6), np.ones(rows.shape)
    for _ in range(rng.integers(1, 4)):
        middle, width = rng.uniform(-0.5, 0.5), rng.uniform(0.03, 0.12)
        shade *= 1 - rng.uniform(0.3, 0.8) * np.exp(-(((angle - middle) / width) ** 2))
    return shade


def _attenuation(rng: np.random.Generator, rows: Array) -> Array:
    factor: Array = np.exp(-rng.uniform(0, 0.5) * (rows + 1))
    return factor
