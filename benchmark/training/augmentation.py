"""Batches and augmentation on the device, without per-sample Python.

Random numbers come from one NumPy generator on the host, so that a seed gives the same order
and the same changes on every device.
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from benchmark.cards.protocol import Augmentation


def batch_rows(
    rows: npt.NDArray[np.int64],
    foreground: npt.NDArray[np.bool_],
    *,
    batch_size: int,
    foreground_share: float,
    rng: np.random.Generator,
) -> Iterator[npt.NDArray[np.int64]]:
    """Endless batches of row numbers; each holds a share of slices with foreground.

    Args:
        rows: The slices that may be drawn.
        foreground: For each of them, whether it holds any label.
        batch_size: Slices a batch.
        foreground_share: Share of the batch drawn from slices with foreground, rounded up.
        rng: Source of the order.
    """
    forced = math.ceil(batch_size * foreground_share) if foreground.any() else 0
    every = _shuffled(rows, rng)
    some = _shuffled(rows[foreground], rng) if forced else every
    while True:
        yield np.array(
            [next(some) for _ in range(forced)] + [next(every) for _ in range(batch_size - forced)]
        )


def _shuffled(rows: npt.NDArray[np.int64], rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(rows).tolist()


def augment(
    images: torch.Tensor,
    masks: torch.Tensor,
    how: Augmentation,
    flips: tuple[str, ...],
    rng: np.random.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random rotation, scale, shear, shift, permitted flips, gamma and noise, a draw an image.

    Args:
        images: (N, C, S, S) in [0, 1].
        masks: (N, S, S) integers.
        how: Ranges; a range of 0 leaves that change out.
        flips: Flips that the target task permits.
        rng: Source of the draws.

    Returns:
        Changed images and masks; what comes from outside the image is 0.
    """
    count, device = len(images), images.device

    def draw(low: float, high: float) -> npt.NDArray[np.float64]:
        return rng.uniform(low, high, count)

    angle = np.deg2rad(draw(-how.rotation_degrees, how.rotation_degrees))
    zoom = np.exp(draw(-how.scale, how.scale))
    mirror = [np.ones(count), np.ones(count)]
    chances = {"horizontal": how.horizontal_flip, "vertical": how.vertical_flip}
    for axis, (name, chance) in enumerate(chances.items()):
        coin = rng.random(count) < chance
        if name in flips:
            mirror[axis] = np.where(coin, -1.0, 1.0)
    slant = draw(-how.shear, how.shear)
    theta = np.empty((count, 2, 3))
    theta[:, 0, 0], theta[:, 1, 0] = np.cos(angle), np.sin(angle)
    theta[:, 0, 1], theta[:, 1, 1] = -np.sin(angle), np.cos(angle)
    theta[:, :, 1] += slant[:, None] * theta[:, :, 0]
    theta[:, :, :2] *= (zoom * np.stack(mirror)).T[:, None, :]
    theta[:, 0, 2], theta[:, 1, 2] = draw(-how.shift, how.shift), draw(-how.shift, how.shift)
    gamma = np.exp(draw(-how.gamma, how.gamma))
    noise_seed = int(rng.integers(2**31))

    if not np.array_equal(theta, np.broadcast_to(np.eye(2, 3), theta.shape)):
        matrix = torch.from_numpy(theta.astype(np.float32)).to(device)
        grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
        images = F.grid_sample(images, grid, mode="bilinear", align_corners=False)
        moved = F.grid_sample(
            masks[:, None].to(images.dtype), grid, mode="nearest", align_corners=False
        )
        masks = moved[:, 0].to(masks.dtype)
    if how.gamma:
        exponent = torch.from_numpy(gamma.astype(np.float32)).to(device)
        images = images.clamp(min=0) ** exponent[:, None, None, None]
    if how.noise:
        generator = torch.Generator(device="cpu").manual_seed(noise_seed)
        noise = torch.randn(images.shape, generator=generator).to(device)
        images = images + how.noise * noise
    return images, masks
