"""Encoders that installed packages bring, by the entry-point group `segtransfer.encoders`."""

import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import torch
from torch import nn

from benchmark.errors import WeightsError
from benchmark.models.torchvision_guard import import_torchvision

import_torchvision()

from segmentation_models_pytorch.base import (  # noqa: E402  (after the guard)
    SegmentationHead,
    initialization,
)
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder  # noqa: E402

GROUP = "segtransfer.encoders"
Parts = tuple[nn.Module, nn.Module, nn.Module]


class PluggedEncoder(nn.Module):
    """An encoder of another package (`body`), with the maps that a U-Net's decoder expects.

    The body takes (N, channels, H, W) and gives feature maps, fine to coarse. Its attributes
    `out_channels` and `strides` say how many channels each has and by what power of two each is
    smaller than the image. Strides it does not have are filled with maps of no channels; coarser
    ones than the depth are not used.
    """

    def __init__(self, name: str, body: nn.Module, channels: int, depth: int) -> None:
        """Check what the body says of itself.

        Raises:
            WeightsError: An attribute is missing, or the pyramid does not reach the depth.
        """
        super().__init__()
        widths: Any = getattr(body, "out_channels", None)
        strides: Any = getattr(body, "strides", None)
        if not _numbers(widths) or not _numbers(strides) or len(widths) != len(strides):
            raise WeightsError(
                f"encoder {name!r}: out_channels and strides must be as many whole numbers, found "
                f"{widths!r} and {strides!r}; see `segtransfer source template`"
            )
        wanted = [2**level for level in range(1, depth + 1)]
        known = dict(zip(strides, widths, strict=True))
        if list(strides) != sorted(known) or wanted[-1] not in known:
            raise WeightsError(
                f"encoder {name!r}: strides are {tuple(strides)}, but a depth of {depth} needs "
                f"powers of two that grow and include {wanted[-1]}"
            )
        self.body = body
        self.strides = tuple(strides)
        self.wanted = tuple(wanted)
        self.out_channels = (channels, *(known.get(stride, 0) for stride in wanted))

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """The images and a map a stride, fine to coarse."""
        found = dict(zip(self.strides, self.body(images), strict=True))
        rows, columns = images.shape[-2:]
        return [
            images,
            *(
                found[stride]
                if stride in found
                else images.new_empty((len(images), 0, rows // stride, columns // stride))
                for stride in self.wanted
            ),
        ]


def plugin_names() -> tuple[str, ...]:
    """Names of the encoders that installed packages bring."""
    return _names(tuple(sys.path))


@lru_cache
def _names(_: tuple[str, ...]) -> tuple[str, ...]:
    """Where modules are looked for decides it; the search takes milliseconds."""
    return tuple(point.name for point in entry_points(group=GROUP))


def plugin(name: str) -> EntryPoint:
    """The entry point of that name.

    Raises:
        WeightsError: Two packages bring one name.
    """
    points = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if len(points) != 1:
        raise WeightsError(f"encoder {name!r}: brought by {', '.join(points) or 'no package'}")
    return next(iter(points.values()))


def plugged_encoder(name: str, channels: int, depth: int) -> PluggedEncoder:
    """An encoder of an installed package, freshly initialised.

    Raises:
        WeightsError: Its factory fails, or gives something else.
    """
    point = plugin(name)
    try:
        body = point.load()(channels)
    except Exception as error:  # whatever other people's code raises
        raise WeightsError(
            f"encoder {name!r} of {point.value}: its factory failed with {type(error).__name__}: "
            f"{error}; try it with `python -c 'import {point.module}'`"
        ) from None
    if not isinstance(body, nn.Module):
        raise WeightsError(f"encoder {name!r}: {point.value} gave {type(body).__name__}, no module")
    return PluggedEncoder(name, body, channels, depth)


def plugged_unet(
    name: str, channels: int, classes: int, depth: int, decoder_channels: Sequence[int]
) -> Parts:
    """A U-Net over it, as segmentation-models-pytorch makes one over its own encoders."""
    encoder = plugged_encoder(name, channels, depth)
    decoder = UnetDecoder(
        encoder_channels=encoder.out_channels,
        decoder_channels=tuple(decoder_channels),
        n_blocks=depth,
    )
    head = SegmentationHead(decoder_channels[-1], classes, kernel_size=3)
    initialization.initialize_decoder(decoder)
    initialization.initialize_head(head)
    return encoder, decoder, head


def _numbers(values: Any) -> bool:
    return isinstance(values, (tuple, list)) and all(isinstance(v, int) and v > 0 for v in values)
