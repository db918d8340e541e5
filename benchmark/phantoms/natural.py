"""Natural-image phantoms: one salient object in a textured colour scene."""

import numpy as np
import numpy.typing as npt

from benchmark.phantoms.shapes import Array, PhantomCase, grid, smooth_field

SHAPES = ("disc", "box", "star", "ring", "cross", "leaf")


def natural_object(rng: np.random.Generator, size: int, device: str | None) -> PhantomCase:
    """One object of six shapes; its colours and textures overlap with the background's.

    As in photographs, channels are correlated, light comes from above, and each class has a typical
    hue.
    """
    rows, columns = grid(size, size)
    number = int(rng.integers(len(SHAPES)))
    turn, reach = rng.uniform(0, 6.3), rng.uniform(0.45, 0.75)
    r, c = rows - rng.uniform(-0.25, 0.25), columns - rng.uniform(-0.25, 0.25)
    u, v = r * np.cos(turn) + c * np.sin(turn), c * np.cos(turn) - r * np.sin(turn)
    mask = _inside(SHAPES[number], u / reach, v / reach)
    light = rng.uniform(80, 170) - rng.uniform(20, 60) * rows
    scene = light + 25 * smooth_field(rng, (size, size), rng.uniform(0.1, 0.8))
    contrast = rng.choice((-1, 1)) * rng.uniform(25, 70)
    item = light + contrast + 15 * smooth_field(rng, (size, size), rng.uniform(0.05, 0.3))
    hue = 2 * np.pi * number / len(SHAPES) + rng.normal(0, 0.4)
    tint = 35 * np.cos(hue + 2 * np.pi * np.arange(3) / 3) + rng.normal(0, 8, 3)
    backdrop = rng.normal(0, 12, 3)
    image = np.empty((size, size, 3))
    for channel in range(3):
        patches = 8 * smooth_field(rng, (size, size), 0.4)
        image[..., channel] = patches + np.where(
            mask, item + tint[channel], scene + backdrop[channel]
        )
    image += 6 * rng.standard_normal(image.shape)
    facts: dict[str, str | float] = {"class": SHAPES[number], "class_index": float(number)}
    return PhantomCase(np.clip(image, 0, 255), mask, (1.0, 1.0), facts)


def _inside(shape: str, u: Array, v: Array) -> npt.NDArray[np.bool_]:
    radius, angle = np.hypot(u, v), np.arctan2(u, v)
    inside = {
        "disc": radius < 0.8,
        "box": np.maximum(np.abs(u), np.abs(v)) < 0.7,
        "star": radius < 0.7 + 0.3 * np.cos(5 * angle),
        "ring": (radius < 0.95) & (radius > 0.5),
        "cross": (np.minimum(np.abs(u), np.abs(v)) < 0.25) & (np.maximum(abs(u), abs(v)) < 0.9),
        "leaf": np.hypot(u - 0.5, v) + np.hypot(u + 0.5, v) < 1.5 + 0.2 * np.sin(6 * angle),
    }
    return np.asarray(inside[shape])
