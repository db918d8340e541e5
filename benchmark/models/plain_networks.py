"""Complete U-Nets without a pretrained encoder library: the U-Net of 2015, X-Unet and V-Unet.

They are built as encoder, decoder and head: the encoder gives feature maps from fine to coarse,
each decoder block combines the current map with the next finer one, the head gives the logits.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import torch
from torch import nn

NetworkParts = tuple[nn.Module, nn.Module, nn.Module]
"""Encoder, decoder and head."""


class SequentialEncoder(nn.Module):
    """An encoder whose stages follow each other; the output of each is a feature map."""

    def __init__(self, stages: Iterable[nn.Module], channels: Sequence[int]) -> None:
        """Take the stages and the number of channels of each map."""
        super().__init__()
        self.stages, self.out_channels = nn.ModuleList(stages), tuple(channels)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps, fine to coarse."""
        maps = [images]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps[1:]


class SkipDecoder(nn.Module):
    """Blocks that each combine the current map with the next finer one of the encoder."""

    def __init__(self, blocks: Iterable[nn.Module]) -> None:
        """Take the blocks, coarse to fine."""
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """The finest map, from feature maps fine to coarse."""
        current = maps[-1]
        for block, finer in zip(self.blocks, reversed(maps[:-1]), strict=True):
            current = block(current, finer)
        return current


class UpBlock(nn.Module):
    """Transposed convolution, concatenation, two convolutions (Ronneberger et al. 2015)."""

    def __init__(self, in_channels: int, channels: int, norm: bool = True) -> None:
        """Combine a coarser map of `in_channels` with a finer one of `channels`."""
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, channels, 2, 2)
        self.conv = _double_convolution(2 * channels, channels, norm)

    def forward(self, coarse: torch.Tensor, finer: torch.Tensor) -> torch.Tensor:
        """The next finer map."""
        combined: torch.Tensor = self.conv(torch.cat([finer, self.up(coarse)], 1))
        return combined


def _double_convolution(in_channels: int, channels: int, norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in (in_channels, channels):
        layers += [nn.Conv2d(width, channels, 3, padding=1, bias=not norm)]
        layers += [nn.BatchNorm2d(channels)] if norm else []
        layers += [nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def plain_unet(channels: int, classes: int, norm: bool = True) -> NetworkParts:
    """The U-Net of 2015 with 64 to 1024 channels and batch normalisation.

    Without batch normalisation it is the X-Unet of Cheng and Lam 2021.
    """
    widths = (64, 128, 256, 512, 1024)
    stages: list[nn.Module] = [_double_convolution(channels, widths[0], norm)]
    for fine, coarse in pairwise(widths):
        stages.append(nn.Sequential(nn.MaxPool2d(2), _double_convolution(fine, coarse, norm)))
    decoder = SkipDecoder(UpBlock(2 * width, width, norm) for width in reversed(widths[:-1]))
    return SequentialEncoder(stages, widths), decoder, nn.Conv2d(widths[0], classes, 1)


def v_unet(channels: int, classes: int) -> NetworkParts:
    """V-Unet of Cheng and Lam 2021: VGG16 up to block5_conv3, a plain decoder, no batch norm.

    Convolutions of the encoder are numbered as torchvision numbers them.
    """
    widths, depths = (64, 128, 256, 512, 512), (2, 2, 3, 3, 3)
    stages, in_channels, number = list[nn.Module](), channels, 0
    for width, depth in zip(widths, depths, strict=True):
        layers: dict[str, nn.Module] = {"pool": nn.MaxPool2d(2)} if stages else {}
        number += bool(stages)
        for _ in range(depth):
            layers[str(number)] = nn.Conv2d(in_channels, width, 3, padding=1)
            layers[f"relu{number}"] = nn.ReLU(inplace=True)
            in_channels, number = width, number + 2
        stages.append(nn.Sequential(OrderedDict(layers)))
    decoder = SkipDecoder(
        UpBlock(coarse, fine, norm=False) for coarse, fine in pairwise(reversed(widths))
    )
    return SequentialEncoder(stages, widths), decoder, nn.Conv2d(widths[0], classes, 1)


PLAIN_NETWORKS: dict[str, Callable[[int, int], NetworkParts]] = {
    "plain-unet": plain_unet,
    "v-unet": v_unet,
    "x-unet": lambda channels, classes: plain_unet(channels, classes, norm=False),
}
"""Builders by name, of input channels and classes."""
