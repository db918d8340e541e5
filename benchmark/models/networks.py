"""Networks: a U-Net of segmentation-models-pytorch over any encoder, or a whole one by name."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from benchmark.errors import WeightsError, unknown_name
from benchmark.models.plugins.entry_points import plugged_unet, plugin_names
from benchmark.models.torchvision_guard import import_torchvision
from benchmark.models.whole_networks import NAMED

import_torchvision()

import segmentation_models_pytorch as smp  # noqa: E402  (after the guard)
import timm  # noqa: E402


class SegmentationNetwork(nn.Module):
    """Encoder, decoder and head, behind the source's own input normalisation.

    Takes (N, C, H, W) in [0, 1]; one channel is repeated to the source's number of channels, and
    colour is averaged where the source takes grey. Gives logits (N, classes, H, W); with
    `sigmoid` the head has one channel, and two are given whose softmax is its sigmoid.
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
        """Put the parts together; the statistics are no part of the weights."""
        super().__init__()
        self.sigmoid = sigmoid
        self.encoder, self.decoder, self.head = encoder, decoder, head
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std)[:, None, None], persistent=False)

    def features(self, images: torch.Tensor) -> Any:
        """The encoder's feature pyramid, from the input's size to the deepest map."""
        if images.shape[1] > len(self.mean) == 1:
            images = images.mean(1, keepdim=True)
        images = images.expand(-1, len(self.mean), -1, -1)
        return self.encoder((images - self.mean) / self.std)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch."""
        logits: torch.Tensor = self.head(self.decoder(self.features(images)))
        if self.sigmoid:  # softmax over (0, x) is sigmoid of x
            return torch.cat([torch.zeros_like(logits), logits], 1)
        return logits


def build_network(
    encoder: str,
    *,
    channels: int,
    classes: int,
    input_size: int,
    decoder_channels: Sequence[int],
    encoder_depth: int = 5,
    normalisation_mean: Sequence[float],
    normalisation_std: Sequence[float],
    sigmoid: bool = False,
) -> SegmentationNetwork:
    """A randomly initialised network; the global seed fixes its values.

    Args:
        encoder: Name of an smp encoder, `tu-` and a timm model, one that an installed package
            brings (`plugins`), or one of `named.NAMED`, which are whole networks with a decoder of
            their own.
        channels: That the source takes.
        classes: Output channels, labels and background; 1 with `sigmoid`.
        input_size: Rows and columns of the images.
        decoder_channels: Of the U-Net over an smp or timm encoder.
        encoder_depth: Of an smp or timm encoder.
        normalisation_mean: Of the source, a value a channel.
        normalisation_std: Of the source, a value a channel.
        sigmoid: Whether the one output channel is the logit of the one label.

    Raises:
        WeightsError: No encoder has that name.
    """
    behaviour = (normalisation_mean, normalisation_std, sigmoid)
    if encoder in NAMED:
        return SegmentationNetwork(*NAMED[encoder](channels, classes, input_size), *behaviour)
    if encoder in plugin_names():
        parts = plugged_unet(encoder, channels, classes, encoder_depth, decoder_channels)
        return SegmentationNetwork(*parts, *behaviour)
    known = [*smp.encoders.get_encoder_names(), *NAMED, *plugin_names()]
    if encoder.startswith("tu-"):
        if not timm.is_model(encoder.removeprefix("tu-")):
            message = unknown_name("timm model", encoder.removeprefix("tu-"), timm.list_models())
            raise WeightsError(f"encoder {encoder!r}: {message}")
    elif encoder not in known:
        raise WeightsError(unknown_name("encoder", encoder, known))
    unet = smp.Unet(
        encoder,
        encoder_depth=encoder_depth,
        encoder_weights=None,
        decoder_channels=tuple(decoder_channels),
        in_channels=channels,
        classes=classes,
    )
    return SegmentationNetwork(
        unet.encoder,
        unet.decoder,
        unet.segmentation_head,
        *behaviour,
    )


def parameter_counts(network: nn.Module) -> tuple[int, int]:
    """All parameters, and those that train."""
    sizes = [(p.numel(), p.requires_grad) for p in network.parameters()]
    return sum(size for size, _ in sizes), sum(size for size, trains in sizes if trains)
