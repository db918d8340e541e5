"""Pretext tasks on images without labels: corruption to restore, and views to contrast.

Random numbers come from one NumPy generator on the host, so that a seed gives the same result
on every device. All channels of an image get the same change: grey images stay grey.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from benchmark.models.vision_libraries import import_monai


def corrupt(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Corrupt each image by draws of its own; the network learns to restore the original.

    Models Genesis (Zhou et al., Medical Image Analysis 2021, 101840) in 2-D, with the order and
    the rates of its public code: local shuffling (0.5), remapped intensities (0.9), painting (0.9;
    a fifth of it in-painting, the rest out-painting). Its flips, which also change the target,
    are left out.

    Args:
        images: (N, C, S, S) in [0, 1].
        rng: Source of the draws.

    Returns:
        (N, C, S, S) in [0, 1].
    """
    count, channels, size, _ = images.shape
    source = np.tile(np.arange(size * size), (count, 1))
    curve = np.tile(np.linspace(0, 1, 1024, dtype=np.float32), (count, 1))
    painted = np.zeros((count, 1, size, size), np.bool_)
    noise = rng.random((count, 1, size, size), dtype=np.float32)
    for number in range(count):
        if rng.random() < 0.5:
            source[number] = local_shuffle(size, rng).ravel()
        if rng.random() < 0.9:
            curve[number] = grey_curve(rng, curve.shape[1])
        if rng.random() < 0.9:
            inside = rng.random() < 0.2
            painted[number] = in_painting(size, rng) if inside else out_painting(size, rng)

    pixels = _on(source, images)[:, None].expand(-1, channels, -1)
    corrupted = remap_intensities(images.flatten(2).gather(2, pixels), _on(curve, images)).view_as(
        images
    )
    return torch.where(_on(painted, images), _on(noise, images).to(images.dtype), corrupted)


def local_shuffle(size: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Permute the pixels within many small windows; the source of each pixel, (S, S).

    Sides are 2 to S // 10 pixels (at least 2). There are as many windows as cover the image
    about twice, as the original's 10,000 do its 64 x 64 x 32 voxels (720 at S = 256). They act
    one after another, where the original reads each from the untouched image: no value is lost.
    """
    largest = max(2, size // 10)
    windows = round(2 * size**2 / ((2 + largest) / 2) ** 2)
    sides = rng.integers(2, largest + 1, (windows, 2))
    corners = rng.integers(0, size - sides + 1)
    source = np.arange(size * size).reshape(size, size)
    for (top, left), (bottom, right) in zip(
        corners.tolist(), (corners + sides).tolist(), strict=True
    ):
        window = source[top:bottom, left:right]
        window[:] = rng.permutation(window.ravel()).reshape(window.shape)
    return source


def grey_curve(rng: np.random.Generator, points: int = 1024) -> npt.NDArray[np.float32]:
    """Draw a monotone cubic Bezier curve from (0, 0) to (1, 1), as values at even grey levels.

    Falling, from 1 to 0, in half of the draws. The original sorts only the rising curves; here
    the falling ones are sorted as well, for its paper wants every curve to be monotone.

    Returns:
        (points,) in [0, 1].
    """
    t = np.linspace(0, 1, 1000)[:, None]
    control = rng.random((2, 2))
    curve = 3 * (1 - t) ** 2 * t * control[0] + 3 * (1 - t) * t**2 * control[1] + t**3
    x, y = np.sort(curve, axis=0).T
    if rng.random() < 0.5:
        y = y[::-1]
    return np.asarray(np.interp(np.linspace(0, 1, points), x, y), np.float32)


def remap_intensities(images: torch.Tensor, curves: torch.Tensor) -> torch.Tensor:
    """Map the grey values of each image, (N, ...) in [0, 1], by its curve, (N, points)."""
    position = images.flatten(1).float().clamp(0, 1) * (curves.shape[1] - 1)
    low = position.long().clamp(max=curves.shape[1] - 2)
    mapped = torch.lerp(curves.gather(1, low), curves.gather(1, low + 1), position - low)
    return mapped.to(images.dtype).view(images.shape)


def in_painting(size: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Where noise goes, (S, S): up to five boxes with sides of S / 6 to S / 3."""
    return _boxes(size, _several(5, rng), size // 6, size // 3, rng)


def out_painting(size: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Where noise goes, (S, S): all but one to five boxes with sides of 3 / 7 to 4 / 7 of S."""
    shortest, longest = size - 4 * size // 7, size - 3 * size // 7
    return ~_boxes(size, 1 + _several(4, rng), shortest, longest, rng)


def _several(most: int, rng: np.random.Generator) -> int:
    """Boxes in a row, each next one with probability 0.95, at most `most`, as in the original."""
    return min(int(rng.geometric(0.05)) - 1, most)


def _boxes(
    size: int, number: int, shortest: int, longest: int, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    inside = np.zeros((size, size), np.bool_)
    for _ in range(number):
        height, width = rng.integers(shortest, longest + 1, 2)
        top, left = rng.integers(0, size - height + 1), rng.integers(0, size - width + 1)
        inside[top : top + height, left : left + width] = True
    return inside


def two_views(images: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Two random views of each image, for contrastive learning.

    The views of SimCLR (Chen et al., ICML 2020) with milder crops and, in place of its colour
    changes, those that scanners make: gamma, contrast, brightness and noise.

    Args:
        images: (N, C, S, S) in [0, 1].
        rng: Source of the draws.

    Returns:
        Twice (N, C, S, S) in [0, 1].
    """
    return _view(images, rng), _view(images, rng)


def _view(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Crop 0.4 to 1 of the area, aspect 3/4 to 4/3, flip by a coin, change the grey values."""
    count, _, height, width = images.shape
    area, aspect = rng.uniform(0.4, 1, count), np.exp(rng.uniform(-1, 1, count) * np.log(4 / 3))
    extent = np.sqrt(np.stack([area * aspect, area / aspect], 1)).clip(max=1)
    theta = np.zeros((count, 2, 3), np.float32)
    theta[:, 0, 0] = extent[:, 0] * rng.choice([-1, 1], count)
    theta[:, 1, 1] = extent[:, 1]
    theta[:, :, 2] = rng.uniform(extent - 1, 1 - extent)
    lowest = np.array([[-0.4], [0.7], [-0.1], [0.0]])
    highest = np.array([[0.4], [1.3], [0.1], [0.05]])
    grey = rng.uniform(lowest, highest, (4, count)).astype(np.float32)
    gamma, contrast, brightness, spread = _on(grey, images)[..., None, None, None]
    noise = _on(rng.standard_normal((count, 1, height, width), dtype=np.float32), images)

    grid = F.affine_grid(_on(theta, images), list(images.shape), align_corners=False)
    view: torch.Tensor = F.grid_sample(
        images.float(), grid, padding_mode="border", align_corners=False
    )
    view = view.clamp(0, 1).pow(gamma.exp())
    mean = view.mean((1, 2, 3), keepdim=True)
    view = (view - mean) * contrast + mean + brightness + spread * noise
    return view.clamp(0, 1).to(images.dtype)


def _on(array: npt.NDArray[Any], like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(array).to(like.device)


def contrastive_loss(
    first: torch.Tensor, second: torch.Tensor, temperature: float = 0.1
) -> torch.Tensor:
    """NT-Xent of SimCLR (Chen et al., ICML 2020), as MONAI computes it, in single precision.

    Row n of both is the same image; the other 2 N - 2 rows are its negatives.

    Args:
        first: (N, D), of any length.
        second: (N, D), of any length.
        temperature: Divides the cosine similarities; below 0.012 MONAI's exponential overflows.
    """
    losses = import_monai("monai.losses")
    loss: torch.Tensor = losses.ContrastiveLoss(temperature)(first.float(), second.float())
    return loss
