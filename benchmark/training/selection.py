"""How good a network is while it learns: Dice pooled over a whole subset, for selection only."""

import torch
import torch.nn.functional as F

from benchmark.data.preprocessing import IGNORE
from benchmark.models.networks import SegmentationNetwork


@torch.inference_mode()
def predict(
    network: SegmentationNetwork, images: torch.Tensor, batch_size: int
) -> list[torch.Tensor]:
    """Logits of images (N, C, S, S) on the network's device, batch by batch."""
    network.eval()
    return [network(part.float()) for part in images.split(batch_size)]


def pooled_dice(
    network: SegmentationNetwork, images: torch.Tensor, masks: torch.Tensor, batch_size: int
) -> float:
    """Mean over labels of the Dice of all slices taken together, at the network's resolution.

    Pooling (as nnU-Net selects, Isensee et al., Nature Methods 2021) keeps a network that finds
    nothing from being chosen for the cases where there is nothing to find.

    Args:
        network: Gives logits (N, L + 1, S, S).
        images: (N, C, S, S) in [0, 1].
        masks: (N, S, S), 0 ... L or 255.
        batch_size: Slices at a time.

    Returns:
        In [0, 1]; a label that is nowhere and found nowhere counts 1.
    """
    both = size = torch.zeros((), dtype=torch.float64, device=images.device)
    parts = zip(predict(network, images, batch_size), masks.split(batch_size), strict=True)
    for logits, labels in parts:
        valid = labels != IGNORE
        truth = F.one_hot(labels.long().where(valid, 0), logits.shape[1])[..., 1:]
        found = F.one_hot(logits.argmax(1), logits.shape[1])[..., 1:]
        truth, found = truth * valid[..., None], found * valid[..., None]
        both = both + (found * truth).sum((0, 1, 2))
        size = size + (found + truth).sum((0, 1, 2))
    return float(torch.where(size > 0, 2 * both / size.clamp(min=1), 1.0).mean())
