"""An installed package that brings encoders: good ones, and some that break the contract."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BROKEN = '''
import torch
from torch import nn
from benchmark.models.plugins.template import MyEncoder

class Noisy(MyEncoder):
    def forward(self, images):
        return [one + torch.rand(()) for one in super().forward(images)]

class Counting(MyEncoder):
    def __init__(self, channels):
        super().__init__(channels)
        self.register_buffer("seen", torch.zeros(()))
    def forward(self, images):
        self.seen += 1
        return super().forward(images)

class Headed(MyEncoder):
    def __init__(self, channels):
        super().__init__(channels)
        self.fc = nn.Linear(2, 2)

class Narrow(MyEncoder):
    def __init__(self, channels):
        super().__init__(channels)
        self.out_channels = (16, 32, 64, 128, 99)

class Short(MyEncoder):
    def __init__(self, channels):
        super().__init__(channels)
        self.strides = (2, 4, 8, 16)
        self.out_channels = (16, 32, 64, 128)

class Silent(nn.Module):
    def __init__(self, channels):
        super().__init__()

class Late(MyEncoder):
    """Begins at a stride of 4, as transformers do."""
    def __init__(self, channels):
        super().__init__(channels)
        self.strides, self.out_channels = (4, 8, 16, 32), (32, 64, 128, 256)
    def forward(self, images):
        return super().forward(images)[1:]

def failing(channels):
    raise OSError("no such file")

def no_module(channels):
    return channels
'''
NAMES = ("Noisy", "Counting", "Headed", "Narrow", "Short", "Silent", "Late", "failing", "no_module")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package, as pip leaves one: a module and a dist-info with its entry points."""
    site = tmp_path / "site"
    info = site / "own_encoders-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-encoders\nVersion: 1.0\n")
    points = [f"own_{name.lower()} = own_encoders:{name}" for name in NAMES]
    points.append("my_encoder = benchmark.models.plugins.template:my_encoder")
    (info / "entry_points.txt").write_text("[segtransfer.encoders]\n" + "\n".join(points) + "\n")
    (site / "own_encoders.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(str(site))
    yield
    sys.modules.pop("own_encoders", None)
