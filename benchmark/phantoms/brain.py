"""T1 brain phantoms: tissue, stroke lesions, MS lesions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from benchmark.phantoms.shapes import Array, PhantomCase, grid, smooth_field

CSF, GREY, WHITE = 1, 2, 3
Labels = npt.NDArray[np.uint8]


def brain_anatomy(rng: np.random.Generator, size: int, device: str | None) -> PhantomCase:
    """A T1 volume with csf, grey and white matter; its class is the width of the ventricles."""
    image, tissue, ventricles = _brain(rng, size)
    return _scan(rng, image, tissue, {"class": "wide" if ventricles > 1.1 else "narrow"})


def stroke_lesion(rng: np.random.Generator, size: int, device: str | None) -> PhantomCase:
    """A dark, irregular, large lesion; one case in ten has none."""
    image, tissue, _ = _brain(rng, size)
    mask = np.zeros(tissue.shape, bool)
    if rng.random() > 0.1:
        mask = _blob(rng, tissue > CSF, rng.uniform(0.18, 0.5), 0.35)
        soft = ndimage.gaussian_filter(mask.astype(np.float64), 0.8)
        image = image - rng.uniform(22, 50) * soft
    return _scan(rng, image, mask, {})


def ms_lesion(rng: np.random.Generator, size: int, device: str | None) -> PhantomCase:
    """Three to twenty small dark lesions in white matter."""
    image, tissue, _ = _brain(rng, size)
    mask = np.zeros(tissue.shape, bool)
    for _ in range(rng.integers(3, 21)):
        mask |= _blob(rng, tissue == WHITE, rng.uniform(0.05, 0.12), 0.2)
    image = image - rng.uniform(25, 45) * ndimage.gaussian_filter(mask.astype(np.float64), 0.5)
    return _scan(rng, image, mask, {})


def _brain(rng: np.random.Generator, size: int) -> tuple[Array, Labels, float]:
    """Noise-free T1 intensities, tissue labels, and the width of the ventricles (0.7 to 1.5)."""
    shape = (size, size, max(8, size // 4))
    x, y, z = grid(*shape)
    radius = np.sqrt((x / rng.uniform(0.6, 0.7)) ** 2 + (y / rng.uniform(0.72, 0.82)) ** 2
                     + (z / 0.95) ** 2)  # fmt: skip
    folds = radius + 0.055 * smooth_field(rng, shape, 0.14)
    tissue = np.zeros(shape, np.uint8)
    tissue[radius < 1] = CSF
    tissue[folds < 0.93] = GREY
    tissue[folds < 0.78] = WHITE
    ventricle = np.hypot((np.abs(x) - 0.1) / 0.07, (y - 0.05) / 0.3) + np.abs(z) * 0.8
    width = rng.uniform(0.7, 1.5)
    tissue[ventricle < width] = CSF
    deep = np.sqrt(((np.abs(x) - 0.26) / 0.12) ** 2 + ((y - 0.05) / 0.22) ** 2 + (z / 0.35) ** 2)
    tissue[deep < 1] = GREY
    values = np.array([8.0, 35.0, rng.uniform(75, 90), rng.uniform(108, 125)])
    image = values[tissue]
    image[(radius > 1.12) & (radius < 1.25)] = rng.uniform(110, 150)
    image[radius > 1.25] = 2.0
    return image, tissue, width


def _blob(
    rng: np.random.Generator, region: npt.NDArray[np.bool_], radius: float, rough: float
) -> npt.NDArray[np.bool_]:
    """An irregular ball inside a region; `radius` in half widths of the volume."""
    voxels = np.argwhere(region)
    centre = voxels[rng.integers(len(voxels))]
    extent = np.array(region.shape)
    reach = np.ceil(radius * extent / 2 * 1.9).astype(int) + 1
    low, high = np.maximum(centre - reach, 0), np.minimum(centre + reach + 1, extent)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    axes = zip(np.ogrid[box], centre, extent, strict=True)
    distance = np.sqrt(sum(((voxel - c) / (e / 2)) ** 2 for voxel, c, e in axes))
    blob = np.zeros(region.shape, bool)
    blob[box] = distance < radius * (1 + rough * smooth_field(rng, distance.shape, 0.4))
    return np.asarray(blob & region)


def _scan(
    rng: np.random.Generator, image: Array, mask: npt.NDArray[Any], facts: Mapping[str, str]
) -> PhantomCase:
    """Bias field, partial volume, Rician noise and an arbitrary scale; a head of about 190 mm."""
    bias = 1 + 0.12 * smooth_field(rng, image.shape, 0.8)
    texture = 4 * smooth_field(rng, image.shape, 0.08)
    clean = ndimage.gaussian_filter(image * bias + texture, (0.5, 0.5, 0.0))
    sigma = rng.uniform(4, 8)
    noise = rng.standard_normal((2, *image.shape)) * sigma
    scan = np.hypot(clean + noise[0], noise[1]) * rng.uniform(0.5, 8)
    columns, rows, slices = scan.shape
    return PhantomCase(scan, mask, (192 / columns, 192 / rows, 144 / slices), facts)
