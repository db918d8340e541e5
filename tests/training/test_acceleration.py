"""What protocol version 2 changes in a network, and what is compiled."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

import benchmark.training.acceleration as acceleration
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry

PROTOCOL = Registry.load(content_roots()).board("tiny_v2").protocol


class Placed(nn.Conv2d):
    """A convolution that says it is on this device."""

    def __init__(self, device: str) -> None:
        super().__init__(3, 4, 3)
        self.place = torch.device(device)

    @property
    def device(self) -> torch.device:
        return self.place


@pytest.mark.parametrize(
    ("version", "device", "steps", "channels_last", "compiled"),
    [
        (1, "cpu", 9999, False, False),
        (1, "cuda", 9999, False, False),
        (2, "cpu", 9999, True, False),
        (2, "cuda", 499, True, False),
        (2, "cuda", 500, True, True),
    ],
)
def test_layout_and_compilation(
    version: int, device: str, steps: int, channels_last: bool, compiled: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(torch, "compile", lambda network: ("compiled", network))
    network = Placed(device)
    values = network.weight.detach().clone()
    protocol = PROTOCOL.model_copy(update={"version": version})
    use: Callable[..., object] = acceleration.accelerated
    expected = ("compiled", network) if compiled else network
    assert use(network, protocol, steps) == expected
    weight = network.weight
    assert weight.is_contiguous(memory_format=torch.channels_last) == channels_last
    assert torch.equal(weight, values)
