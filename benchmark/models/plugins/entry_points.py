"""Encoders that installed packages bring, by the entry-point group `segtransfer.encoders`."""

import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import torch
from torch import nn

from benchmark.errors import WeightsError

GROUP = "segtransfer.encoders"


class PluggedEncoder(nn.Module):
    """An encoder of another package (`body`), with the maps that a U-Net's decoder expects.

    The body takes (N, channels, H, W) and returns feature maps, fine to coarse. Its attributes
    `out_channels` and `strides` hold the number of channels of each map and the power of two by
    which it is smaller than the image. Strides that it lacks are filled with maps of no channels;
    maps coarser than the depth are not used.
    """

    def __init__(self, name: str, body: nn.Module, channels: int, depth: int) -> None:
        """Check the attributes of the body.

        Raises:
            WeightsError: An attribute is missing, or the pyramid does not reach the depth.
        """
        super().__init__()
        widths: Any = getattr(body, "out_channels", None)
        strides: Any = getattr(body, "strides", None)
        if not _positive(widths) or not _positive(strides) or len(widths) != len(strides):
            raise WeightsError(
                f"encoder {name!r}: out_channels and strides must be positive integers, one of "
                f"each per map, not {widths!r} and {strides!r}; see `segtransfer source template`"
            )
        levels = tuple(2**level for level in range(1, depth + 1))
        width_of = dict(zip(strides, widths, strict=True))
        if list(strides) != sorted(width_of) or levels[-1] not in width_of:
            raise WeightsError(
                f"encoder {name!r}: strides are {tuple(strides)}, but a depth of {depth} needs "
                f"growing powers of two that include {levels[-1]}"
            )
        self.body = body
        self.strides = tuple(strides)
        self.levels = levels
        self.out_channels = (channels, *(width_of.get(stride, 0) for stride in levels))

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """The images and one map per stride, fine to coarse."""
        maps = dict(zip(self.strides, self.body(images), strict=True))
        count, _, rows, columns = images.shape
        return [images] + [
            maps[stride]
            if stride in maps
            else images.new_empty((count, 0, rows // stride, columns // stride))
            for stride in self.levels
        ]


def plugin_names() -> tuple[str, ...]:
    """Names of the encoders that installed packages bring."""
    return _names(tuple(sys.path))


@lru_cache
def _names(_: tuple[str, ...]) -> tuple[str, ...]:
    """The search takes milliseconds; its result depends on the path of modules."""
    return tuple(point.name for point in entry_points(group=GROUP))


def plugin(name: str) -> EntryPoint:
    """The entry point of that name.

    Raises:
        WeightsError: No package or more than one brings an encoder of that name.
    """
    points = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if len(points) != 1:
        raise WeightsError(f"encoder {name!r}: brought by {', '.join(points) or 'no package'}")
    return next(iter(points.values()))


def plugged_encoder(name: str, channels: int, depth: int) -> PluggedEncoder:
    """A freshly initialised encoder of an installed package.

    Raises:
        WeightsError: Its factory fails or returns something other than a module.
    """
    point = plugin(name)
    try:
        body = point.load()(channels)
    except Exception as error:  # anything that the package's code raises
        raise WeightsError(
            f"encoder {name!r} of {point.value}: its factory failed with {type(error).__name__}: "
            f"{error}; try it with `python -c 'import {point.module}'`"
        ) from None
    if not isinstance(body, nn.Module):
        raise WeightsError(
            f"encoder {name!r}: {point.value} returned {type(body).__name__}, not a module"
        )
    return PluggedEncoder(name, body, channels, depth)


def _positive(numbers: Any) -> bool:
    return isinstance(numbers, (tuple, list)) and all(
        isinstance(number, int) and number > 0 for number in numbers
    )
