"""Whole networks by name, cut into encoder, decoder and head: U-Nets, and four of MONAI.

All of them have one shape: an encoder gives feature maps from fine to coarse, decoder blocks go
back up, each with the next finer map, and a head gives the logits.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import nn

Parts = tuple[nn.Module, nn.Module, nn.Module]


class Chain(nn.Module):
    """An encoder whose stages follow each other; the output of each is a feature map."""

    def __init__(self, stages: Iterable[nn.Module], channels: Sequence[int]) -> None:
        """Take the stages and the channels that each gives."""
        super().__init__()
        self.stages, self.out_channels = nn.ModuleList(stages), tuple(channels)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps, fine to coarse."""
        maps = [images]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps[1:]


class SkipDecoder(nn.Module):
    """Blocks that each take the map so far and the next finer one of the encoder."""

    def __init__(self, blocks: Iterable[nn.Module]) -> None:
        """Take the blocks, coarse to fine."""
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """The finest map, from feature maps fine to coarse."""
        found = maps[-1]
        for block, finer in zip(self.blocks, reversed(maps[:-1]), strict=True):
            found = block(found, finer)
        return found


class UnetrEncoder(nn.Module):
    """The vision transformer of MONAI's UNETR, with the blocks that bring its states to maps."""

    def __init__(self, whole: Any, channels: int) -> None:
        """Take the parts of a UNETR."""
        super().__init__()
        self.vit, self.project = whole.vit, whole.proj_feat
        self.maps = nn.ModuleList([whole.encoder1, whole.encoder2, whole.encoder3, whole.encoder4])
        self.out_channels = (channels,)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps, fine to coarse."""
        last, states = self.vit(images)
        first, *others = self.maps
        maps = [first(images)]
        for block, layer in zip(others, (3, 6, 9), strict=True):
            maps.append(block(self.project(states[layer])))
        return [*maps, self.project(last)]


class SwinEncoder(nn.Module):
    """The Swin transformer of MONAI's SwinUNETR, with the blocks that make its maps."""

    def __init__(self, whole: Any, channels: int) -> None:
        """Take the parts of a SwinUNETR."""
        super().__init__()
        self.swin = whole.swinViT
        self.maps = nn.ModuleList(
            [whole.encoder1, whole.encoder2, whole.encoder3, whole.encoder4, whole.encoder10]
        )
        self.out_channels = (channels,)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps, fine to coarse."""
        states = self.swin(images, True)
        first, second, third, fourth, last = self.maps
        maps = [first(images), second(states[0]), third(states[1]), fourth(states[2])]
        return [*maps, states[3], last(states[4])]


class UpBlock(nn.Module):
    """Transposed convolution, concatenation, two convolutions (Ronneberger et al. 2015)."""

    def __init__(self, given: int, channels: int, norm: bool = True) -> None:
        """Bring a coarser map of `given` channels beside a finer one of `channels`."""
        super().__init__()
        self.up = nn.ConvTranspose2d(given, channels, 2, 2)
        self.conv = _double(2 * channels, channels, norm)

    def forward(self, coarse: torch.Tensor, finer: torch.Tensor) -> torch.Tensor:
        """The next finer map."""
        found: torch.Tensor = self.conv(torch.cat([finer, self.up(coarse)], 1))
        return found


def _double(given: int, channels: int, norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in (given, channels):
        layers += [nn.Conv2d(number, channels, 3, padding=1, bias=not norm)]
        layers += [nn.BatchNorm2d(channels)] if norm else []
        layers += [nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _unet(channels: int, classes: int, norm: bool) -> Parts:
    widths = (64, 128, 256, 512, 1024)
    stages: list[nn.Module] = [_double(channels, widths[0], norm)]
    for given, width in zip(widths, widths[1:], strict=False):
        stages.append(nn.Sequential(nn.MaxPool2d(2), _double(given, width, norm)))
    decoder = SkipDecoder(UpBlock(2 * width, width, norm) for width in reversed(widths[:-1]))
    return Chain(stages, widths), decoder, nn.Conv2d(widths[0], classes, 1)


def plain_unet(channels: int, classes: int, size: int) -> Parts:
    """The U-Net of 2015 with batch normalisation, 64 to 1024 channels."""
    return _unet(channels, classes, norm=True)


def x_unet(channels: int, classes: int, size: int) -> Parts:
    """The same without batch normalisation: X-Unet of Cheng and Lam 2021."""
    return _unet(channels, classes, norm=False)


def v_unet(channels: int, classes: int, size: int) -> Parts:
    """V-Unet of Cheng and Lam 2021: VGG16 down to block5_conv3, a plain way up, no batch norm.

    Convolutions of the encoder are numbered as torchvision numbers them.
    """
    widths, depths = (64, 128, 256, 512, 512), (2, 2, 3, 3, 3)
    stages, given, number = list[nn.Module](), channels, 0
    for width, depth in zip(widths, depths, strict=True):
        layers: dict[str, nn.Module] = {"pool": nn.MaxPool2d(2)} if stages else {}
        number += bool(stages)
        for _ in range(depth):
            layers[str(number)] = nn.Conv2d(given, width, 3, padding=1)
            layers[f"relu{number}"] = nn.ReLU(inplace=True)
            given, number = width, number + 2
        stages.append(nn.Sequential(OrderedDict(layers)))
    ways = zip(widths[:0:-1], widths[-2::-1], strict=True)
    decoder = SkipDecoder(UpBlock(coarse, fine, norm=False) for coarse, fine in ways)
    return Chain(stages, widths), decoder, nn.Conv2d(widths[0], classes, 1)


def monai_unet(channels: int, classes: int, size: int) -> Parts:
    """MONAI's BasicUNet in 2-D, its own defaults."""
    from monai.networks.nets import BasicUNet

    net = BasicUNet(spatial_dims=2, in_channels=channels, out_channels=classes)
    stages = (net.conv_0, net.down_1, net.down_2, net.down_3, net.down_4)
    blocks = (net.upcat_4, net.upcat_3, net.upcat_2, net.upcat_1)
    return Chain(stages, (32, 32, 64, 128, 256)), SkipDecoder(blocks), net.final_conv


def monai_vnet(channels: int, classes: int, size: int) -> Parts:
    """MONAI's VNet in 2-D, its own defaults (Milletari et al. 2016)."""
    from monai.networks.nets import VNet

    net = VNet(spatial_dims=2, in_channels=channels, out_channels=classes, dropout_dim=2)
    stages = (net.in_tr, net.down_tr32, net.down_tr64, net.down_tr128, net.down_tr256)
    blocks = (net.up_tr256, net.up_tr128, net.up_tr64, net.up_tr32)
    return Chain(stages, (16, 32, 64, 128, 256)), SkipDecoder(blocks), net.out_tr


def monai_unetr(channels: int, classes: int, size: int) -> Parts:
    """MONAI's UNETR in 2-D, its own defaults (Hatamizadeh et al. 2022)."""
    from monai.networks.nets import UNETR

    net = UNETR(channels, classes, img_size=size, spatial_dims=2)
    blocks = (net.decoder5, net.decoder4, net.decoder3, net.decoder2)
    return UnetrEncoder(net, 768), SkipDecoder(blocks), net.out


def monai_swin_unetr(channels: int, classes: int, size: int) -> Parts:
    """MONAI's SwinUNETR in 2-D, its own defaults (Hatamizadeh et al. 2021)."""
    from monai.networks.nets import SwinUNETR

    net = SwinUNETR(channels, classes, spatial_dims=2)
    blocks = (net.decoder5, net.decoder4, net.decoder3, net.decoder2, net.decoder1)
    return SwinEncoder(net, 16 * 24), SkipDecoder(blocks), net.out


NAMED: dict[str, Callable[[int, int, int], Parts]] = {
    "plain-unet": plain_unet,
    "v-unet": v_unet,
    "x-unet": x_unet,
    "monai-unet": monai_unet,
    "monai-vnet": monai_vnet,
    "monai-unetr": monai_unetr,
    "monai-swin_unetr": monai_swin_unetr,
}
