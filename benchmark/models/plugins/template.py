"""Your own encoder for segtransfer: copy this file into your package and change it.

The package's pyproject.toml names the function, and `pip install .` registers it:

    [project.entry-points."segtransfer.encoders"]
    my_encoder = "my_package.my_module:my_encoder"

`encoder: my_encoder` on a source card then means this network. Test it in your package:

    from benchmark.models.plugins.contract import check_encoder

    def test_my_encoder_keeps_the_contract() -> None:
        check_encoder("my_encoder")
"""

import torch
from torch import nn


class MyEncoder(nn.Module):
    """Five stages, each of which halves rows and columns.

    `out_channels` and `strides` have one entry per map, fine to coarse; the last stride is 32.
    Strides may be left out (a transformer that begins at 4 has 4, 8, 16, 32).
    """

    def __init__(self, channels: int) -> None:
        """Build it for images of so many channels, normalised by the card's statistics."""
        super().__init__()
        self.out_channels = (16, 32, 64, 128, 256)
        self.strides = (2, 4, 8, 16, 32)
        stages = []
        for inputs, width in zip((channels, *self.out_channels), self.out_channels, strict=False):
            convolution = nn.Conv2d(inputs, width, 3, stride=2, padding=1, bias=False)
            stages.append(nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU()))
        self.stages = nn.ModuleList(stages)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps, fine to coarse, of images whose rows and columns are multiples of 32."""
        maps = []
        for stage in self.stages:
            images = stage(images)
            maps.append(images)
        return maps


def my_encoder(channels: int) -> nn.Module:
    """The function of the entry point: a freshly initialised encoder; it loads no weights."""
    return MyEncoder(channels)
