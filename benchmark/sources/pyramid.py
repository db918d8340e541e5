"""The feature maps of a network at several sizes, held against what networks here have to give."""

from collections.abc import Callable

import torch

from benchmark.errors import WeightsError
from benchmark.models.networks import SegmentationNetwork

SIZES = (64, 128, 256)


def pyramids(network_at: Callable[[int], SegmentationNetwork]) -> list[str]:
    """One line a size: the maps, as channels and side.

    Args:
        network_at: A network for images of so many rows and columns.

    Raises:
        WeightsError: A map is no batch of maps, grows, is not finite or has other channels than
            the encoder says; or the logits have another size than the image.
    """
    said = []
    for size in SIZES:
        network = network_at(size).eval()
        images = torch.rand((2, 1, size, size), device=network.mean.device)
        with torch.inference_mode():
            maps, logits = network.features(images), network(images)
        shapes = [tuple(one.shape) for one in maps]
        where = f"at {size} x {size} the maps are {shapes}"
        if any(len(shape) != 4 or shape[0] != 2 for shape in shapes):
            raise WeightsError(f"{where}; each must be (images, channels, rows, columns)")
        sides = [shape[2] for shape in shapes]
        if sides != sorted(sides, reverse=True) or any(s[2] != s[3] for s in shapes):
            raise WeightsError(f"{where}; they must go from fine to coarse")
        widths = tuple(network.encoder.out_channels)
        if len(widths) == len(shapes) and widths != tuple(shape[1] for shape in shapes):
            raise WeightsError(f"{where}; the encoder says it gives {widths} channels")
        if not all(one.isfinite().all() for one in maps):
            raise WeightsError(f"at {size} x {size} a map is not finite; are the weights damaged?")
        if logits.shape[2:] != images.shape[2:]:
            raise WeightsError(f"{where}; the logits have {tuple(logits.shape)}, not {size} rows")
        said.append(f"{size}: " + " ".join(f"{shape[1]}x{shape[2]}²" for shape in shapes))
    return said
