"""Validation Dice pooled over all slices of a subset; selects weights and is never a result."""

import torch
import torch.nn.functional as F

from benchmark.data.preprocessing import IGNORE
from benchmark.models.networks import SegmentationNetwork


@torch.inference_mode()
def predict(
    network: SegmentationNetwork, images: torch.Tensor, batch_size: int
) -> list[torch.Tensor]:
    """Logits of images (N, C, S, S) on the network's device, batch by batch."""
    if network.training:  # else every layer would be visited for every batch
        network.eval()
    return [network(part.float()) for part in images.split(batch_size)]


def pooled_dice(
    network: SegmentationNetwork, images: torch.Tensor, masks: torch.Tensor, batch_size: int
) -> float:
    """Mean over labels of the Dice of all slices taken together, at the network's resolution.

    As nnU-Net selects (Isensee et al., Nature Methods 2021). Averaged over cases instead, a
    network that predicts no foreground would win by the cases without a lesion.

    Args:
        network: Gives logits (N, L + 1, S, S).
        images: (N, C, S, S) in [0, 1].
        masks: (N, S, S), 0 ... L or 255.
        batch_size: Slices per forward pass.

    Returns:
        In [0, 1]; a label in neither reference nor prediction counts 1.
    """
    intersection = total = torch.zeros((), dtype=torch.float64, device=images.device)
    parts = zip(predict(network, images, batch_size), masks.split(batch_size), strict=True)
    for logits, labels in parts:
        valid = labels != IGNORE
        truth = F.one_hot(labels.long().where(valid, 0), logits.shape[1])[..., 1:]
        predicted = F.one_hot(logits.argmax(1), logits.shape[1])[..., 1:]
        truth, predicted = truth * valid[..., None], predicted * valid[..., None]
        intersection = intersection + (predicted * truth).sum((0, 1, 2))
        total = total + (predicted + truth).sum((0, 1, 2))
    return float(torch.where(total > 0, 2 * intersection / total.clamp(min=1), 1.0).mean())
