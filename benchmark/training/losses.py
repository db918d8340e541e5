"""The losses of protocols: cross-entropy, soft Dice of the labels over the batch, their sum.

Pixels of value 255 are ignored.
"""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F

from benchmark.data.preprocessing import IGNORE

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean over the pixels that are not ignored.

    Args:
        logits: (N, L + 1, H, W).
        labels: (N, H, W) integers in 0 ... L, or 255.
    """
    return F.cross_entropy(logits, labels, ignore_index=IGNORE)


def dice(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """1 - soft Dice, pooled over the batch, averaged over the labels without background.

    Smoothing is 1 in numerator and denominator: MONAI's DiceLoss with `batch=True`,
    `include_background=False`, `softmax=True`, `smooth_nr=smooth_dr=1`, and ignored pixels.

    Args:
        logits: (N, L + 1, H, W).
        labels: (N, H, W) integers in 0 ... L, or 255.
    """
    valid = labels != IGNORE
    truth = F.one_hot(labels.where(valid, 0), logits.shape[1]).movedim(-1, 1)[:, 1:]
    weight = valid[:, None].to(logits.dtype)
    probability = logits.softmax(1)[:, 1:] * weight
    truth = truth.to(logits.dtype) * weight
    intersection = (probability * truth).sum((0, 2, 3))
    total = probability.sum((0, 2, 3)) + truth.sum((0, 2, 3))
    return (1 - (2 * intersection + 1) / (total + 1)).mean()


def dice_cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Sum of both, as in nnU-Net (Isensee et al., Nature Methods 2021)."""
    return cross_entropy(logits, labels) + dice(logits, labels)


LOSSES: Mapping[str, Loss] = {
    "dice_cross_entropy": dice_cross_entropy,
    "cross_entropy": cross_entropy,
    "dice": dice,
}
