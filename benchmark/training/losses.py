"""The protocol's loss: cross-entropy plus soft Dice of the labels, over the batch."""

import torch
import torch.nn.functional as F

from benchmark.data.prepare import IGNORE


def dice_cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Sum of both losses; pixels of value 255 count in neither.

    Soft Dice is pooled over the batch, averaged over the labels without background, with
    smoothing 1 in numerator and denominator (MONAI's DiceCELoss with `batch=True`,
    `include_background=False`, `softmax=True`, `smooth_nr=smooth_dr=1`).

    Args:
        logits: (N, L + 1, H, W).
        labels: (N, H, W) integers in 0 ... L, or 255.
    """
    cross_entropy = F.cross_entropy(logits, labels, ignore_index=IGNORE)
    valid = labels != IGNORE
    truth = F.one_hot(labels.where(valid, 0), logits.shape[1]).movedim(-1, 1)[:, 1:]
    weight = valid[:, None].to(logits.dtype)
    share = logits.softmax(1)[:, 1:] * weight
    truth = truth.to(logits.dtype) * weight
    both = (share * truth).sum((0, 2, 3))
    size = share.sum((0, 2, 3)) + truth.sum((0, 2, 3))
    return cross_entropy + (1 - (2 * both + 1) / (size + 1)).mean()
