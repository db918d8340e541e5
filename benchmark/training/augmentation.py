"""Augmentation of batches on the device.

Random numbers come from one NumPy generator on the host, so that a seed gives the same changes
on every device; noise may be drawn on the device, from a seed of that generator.
"""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from benchmark.cards.protocol import Augmentation
from benchmark.training.batches import to_device


def augment(
    images: torch.Tensor,
    masks: torch.Tensor,
    ranges: Augmentation,
    flips: tuple[str, ...],
    rng: np.random.Generator,
    *,
    noise_on_device: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random rotation, scale, shear, shift, permitted flips, gamma and noise, drawn per image.

    Args:
        images: (N, C, S, S) in [0, 1].
        masks: (N, S, S) integers.
        ranges: A range of 0 leaves that change out.
        flips: Flips that the target task permits.
        rng: Source of the draws.
        noise_on_device: Draw the noise there: on a GPU other noise than on a CPU, and faster.

    Returns:
        Changed images and masks; what comes from outside the image is 0.
    """
    count, device = len(images), images.device
    theta = _affine_matrices(count, ranges, flips, rng)
    gamma = np.exp(rng.uniform(-ranges.gamma, ranges.gamma, count))
    noise_seed = int(rng.integers(2**31))
    if not np.array_equal(theta, np.broadcast_to(np.eye(2, 3), theta.shape)):
        matrix = to_device(theta.astype(np.float32), device, wait=False)
        grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
        images = F.grid_sample(images, grid, mode="bilinear", align_corners=False)
        moved = F.grid_sample(
            masks[:, None].to(images.dtype), grid, mode="nearest", align_corners=False
        )
        masks = moved[:, 0].to(masks.dtype)
    if ranges.gamma:
        exponent = to_device(gamma.astype(np.float32), device, wait=False)
        images = images.clamp(min=0) ** exponent[:, None, None, None]
    if ranges.noise:
        drawn_on = device if noise_on_device else torch.device("cpu")
        generator = torch.Generator(drawn_on).manual_seed(noise_seed)
        noise = torch.randn(images.shape, generator=generator, device=drawn_on).to(device)
        images = images + ranges.noise * noise
    return images, masks


def _affine_matrices(
    count: int, ranges: Augmentation, flips: tuple[str, ...], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Maps from output to input coordinates in [-1, 1], (N, 2, 3).

    Flip and scale act on the coordinates first, then shear, then rotation, then shift.
    """

    def draw(limit: float) -> npt.NDArray[np.float64]:
        """One number per image, uniform in [-limit, limit]."""
        return rng.uniform(-limit, limit, count)

    angle, zoom = np.deg2rad(draw(ranges.rotation_degrees)), np.exp(draw(ranges.scale))
    mirror = np.ones((2, count))
    chances = {"horizontal": ranges.horizontal_flip, "vertical": ranges.vertical_flip}
    for axis, (name, chance) in enumerate(chances.items()):
        flipped = rng.random(count) < chance  # drawn for each, so that other draws stay the same
        if name in flips:
            mirror[axis, flipped] = -1
    slant = draw(ranges.shear)
    theta = np.empty((count, 2, 3))
    theta[:, 0, 0], theta[:, 1, 0] = np.cos(angle), np.sin(angle)
    theta[:, 0, 1], theta[:, 1, 1] = -np.sin(angle), np.cos(angle)
    theta[:, :, 1] += slant[:, None] * theta[:, :, 0]
    theta[:, :, :2] *= (zoom * mirror).T[:, None, :]
    theta[:, 0, 2], theta[:, 1, 2] = draw(ranges.shift), draw(ranges.shift)
    return theta
