"""Segmentation networks: encoder, decoder and head behind the source's input normalisation."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from benchmark.cards.protocol import Decoder
from benchmark.models.decoders import network_parts


class SegmentationNetwork(nn.Module):
    """Encoder, decoder and head, behind the source's own input normalisation.

    Takes (N, C, H, W) in [0, 1]; one channel is repeated to the source's number of channels, and
    colour is averaged if the source takes grey. Returns logits (N, classes, H, W), resized
    bilinearly where the head gives another size; with `sigmoid` the head has one channel, and two
    are returned whose softmax is its sigmoid.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self,
        encoder: Any,
        decoder: Any,
        head: Any,
        mean: Sequence[float],
        std: Sequence[float],
        sigmoid: bool = False,
    ) -> None:
        """Put the parts together; the statistics are not part of the weights."""
        super().__init__()
        self.sigmoid = sigmoid
        self.encoder, self.decoder, self.head = encoder, decoder, head
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std)[:, None, None], persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.mean.device

    def features(self, images: torch.Tensor) -> Any:
        """The encoder's feature maps: fine to coarse, or of one size from first to last."""
        if images.shape[1] > len(self.mean) == 1:
            images = images.mean(1, keepdim=True)
        images = images.expand(-1, len(self.mean), -1, -1)
        return self.encoder((images - self.mean) / self.std)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch."""
        logits: torch.Tensor = self.head(self.decoder(self.features(images)))
        if logits.shape[2:] != images.shape[2:]:
            logits = F.interpolate(logits, images.shape[2:], mode="bilinear")
        if self.sigmoid:  # softmax over (0, x) is sigmoid of x
            return torch.cat([torch.zeros_like(logits), logits], 1)
        return logits


def build_network(
    encoder: str,
    *,
    channels: int,
    classes: int,
    input_size: int,
    decoder: Decoder,
    normalisation_mean: Sequence[float],
    normalisation_std: Sequence[float],
    sigmoid: bool = False,
) -> SegmentationNetwork:
    """A randomly initialised network; the global seed fixes its values.

    Args:
        encoder: Name of an encoder or of a complete network of `encoders.ENCODERS`.
        channels: Input channels of the source.
        classes: Output channels, labels and background; 1 with `sigmoid`.
        input_size: Rows and columns of the images.
        decoder: Over the encoder; complete networks have their own.
        normalisation_mean: Of the source, one value per channel.
        normalisation_std: Of the source, one value per channel.
        sigmoid: Whether the one output channel is the logit of the one label.

    Raises:
        WeightsError: No encoder has that name, or it cannot enter the decoder's lane.
    """
    parts = network_parts(encoder, decoder, channels, classes, input_size)
    return SegmentationNetwork(*parts, normalisation_mean, normalisation_std, sigmoid)


def set_norm_momentum(network: nn.Module) -> None:
    """Give the running statistics of all batch normalisation one momentum, PyTorch's own.

    Libraries differ: the EfficientNets of segmentation-models-pytorch have 0.01, with which 30 % of
    the statistics from before the training are left after 120 steps. Cumulative averages (those
    with a momentum of None) are left as they are.
    """
    for module in network.modules():
        if isinstance(module, _BatchNorm) and module.momentum is not None:
            module.momentum = 0.1


def parameter_counts(network: nn.Module) -> tuple[int, int]:
    """All parameters, and those that train."""
    sizes = [(p.numel(), p.requires_grad) for p in network.parameters()]
    return sum(size for size, _ in sizes), sum(size for size, trains in sizes if trains)
