"""An encoder of your own for segtransfer: copy this file into a package of yours and change it.

The package's pyproject.toml names the function, and `pip install .` makes it known:

    [project.entry-points."segtransfer.encoders"]
    my_encoder = "my_package.my_module:my_encoder"

`encoder: my_encoder` on a source card is then this network. Test it in your package:

    from benchmark.models.plugins.contract import check_encoder

    def test_my_encoder_keeps_the_contract() -> None:
        check_encoder("my_encoder")
"""

import torch
from torch import nn


class MyEncoder(nn.Module):
    """Five stages, each half as large as the one before.

    `out_channels` and `strides` have an entry a map, fine to coarse; the last stride is 32. Strides
    may be left out (a transformer that begins at 4 has 4, 8, 16, 32).
    """

    def __init__(self, channels: int) -> None:
        """Take images of so many channels, already normalised by the card's statistics."""
        super().__init__()
        self.out_channels = (16, 32, 64, 128, 256)
        self.strides = (2, 4, 8, 16, 32)
        stages = []
        for given, width in zip((channels, *self.out_channels), self.out_channels, strict=False):
            convolution = nn.Conv2d(given, width, 3, stride=2, padding=1, bias=False)
            stages.append(nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU()))
        self.stages = nn.ModuleList(stages)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Feature maps, fine to coarse, of any image whose sides are multiples of 32."""
        maps = []
        for stage in self.stages:
            images = stage(images)
            maps.append(images)
        return maps


def my_encoder(channels: int) -> nn.Module:
    """What the entry point names: a fresh encoder; no weights are loaded here."""
    return MyEncoder(channels)
