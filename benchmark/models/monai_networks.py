"""Four 2-D segmentation networks of MONAI, split into encoder, decoder and head."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from benchmark.models.plain_networks import NetworkParts, SequentialEncoder, SkipDecoder
from benchmark.models.vision_libraries import import_monai


class UnetrEncoder(nn.Module):
    """The vision transformer of MONAI's UNETR, with the blocks that make maps of its states."""

    def __init__(self, network: Any, blocks: list[nn.Module]) -> None:
        """Take the parts of a UNETR."""
        super().__init__()
        self.vit, self.project = network.vit, network.proj_feat
        self.maps = nn.ModuleList(blocks)
        self.out_channels = (16, 32, 64, 128, 768)

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

    def __init__(self, network: Any, blocks: list[nn.Module]) -> None:
        """Take the parts of a SwinUNETR."""
        super().__init__()
        self.swin = network.swinViT
        self.maps = nn.ModuleList(blocks)
        self.out_channels = (24, 24, 48, 96, 192, 384)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps, fine to coarse."""
        states = self.swin(images, True)
        first, second, third, fourth, last = self.maps
        maps = [first(images), second(states[0]), third(states[1]), fourth(states[2])]
        return [*maps, states[3], last(states[4])]


@dataclass(frozen=True)
class MonaiNetwork:
    """A 2-D network of MONAI with its own defaults.

    Attributes:
        kind: Its class in `monai.networks.nets`.
        encoder: Makes the encoder, from the complete network and from its stages or maps.
        modules: MONAI's names of the modules and their names in this package; encoder stages and
            maps are listed from fine to coarse, decoder blocks from coarse to fine.
        options: Further arguments of the class.
        size_option: The argument that takes the image size; empty if the network needs none.
    """

    kind: str
    encoder: Callable[[Any, list[nn.Module]], nn.Module]
    modules: dict[str, str]
    options: dict[str, Any] = field(default_factory=dict)
    size_option: str = ""

    def parts(self, channels: int, classes: int, size: int) -> NetworkParts:
        """Encoder, decoder and head of a freshly initialised network."""
        nets = import_monai("monai.networks.nets")
        options = self.options | ({self.size_option: size} if self.size_option else {})
        network = getattr(nets, self.kind)(
            spatial_dims=2, in_channels=channels, out_channels=classes, **options
        )
        modules = {name: getattr(network, monai) for monai, name in self.modules.items()}
        stages, blocks = (
            [module for name, module in modules.items() if re.match(rf"{part}\..*\d$", name)]
            for part in ("encoder", "decoder")
        )
        return self.encoder(network, stages), SkipDecoder(blocks), modules["head"]


MONAI_NETWORKS: dict[str, MonaiNetwork] = {
    "monai-unet": MonaiNetwork(
        "BasicUNet",
        lambda network, stages: SequentialEncoder(stages, (32, 32, 64, 128, 256)),
        {
            "conv_0": "encoder.stages.0",
            **{f"down_{n}": f"encoder.stages.{n}" for n in (1, 2, 3, 4)},
            **{f"upcat_{n}": f"decoder.blocks.{4 - n}" for n in (4, 3, 2, 1)},
            "final_conv": "head",
        },
    ),
    "monai-vnet": MonaiNetwork(  # Milletari et al. 2016
        "VNet",
        lambda network, stages: SequentialEncoder(stages, (16, 32, 64, 128, 256)),
        {
            "in_tr": "encoder.stages.0",
            **{f"down_tr{32 * 2**n}": f"encoder.stages.{n + 1}" for n in range(4)},
            **{f"up_tr{256 // 2**n}": f"decoder.blocks.{n}" for n in range(4)},
            "out_tr": "head",
        },
        options={"dropout_dim": 2},
    ),
    "monai-unetr": MonaiNetwork(  # Hatamizadeh et al. 2022
        "UNETR",
        UnetrEncoder,
        {
            "vit": "encoder.vit",
            **{f"encoder{n}": f"encoder.maps.{n - 1}" for n in (1, 2, 3, 4)},
            **{f"decoder{n}": f"decoder.blocks.{5 - n}" for n in (5, 4, 3, 2)},
            "out": "head",
        },
        size_option="img_size",
    ),
    "monai-swin_unetr": MonaiNetwork(  # Hatamizadeh et al. 2021
        "SwinUNETR",
        SwinEncoder,
        {
            "swinViT": "encoder.swin",
            **{f"encoder{n}": f"encoder.maps.{n - 1}" for n in (1, 2, 3, 4)},
            "encoder10": "encoder.maps.4",
            **{f"decoder{n}": f"decoder.blocks.{5 - n}" for n in (5, 4, 3, 2, 1)},
            "out": "head",
        },
    ),
}
