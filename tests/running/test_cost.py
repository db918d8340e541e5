"""Operations by hand."""

import pytest
import torch
from support.networks import unet
from torch import nn

import benchmark.running.cost as cost
from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.models.freezing import apply_strategy
from benchmark.models.networks import build_network

PROTOCOL = Registry.load(content_roots()).board("tiny_v2").protocol
HALF = PROTOCOL.model_copy(update={"input_size": 32})


class Convolution(nn.Conv2d):
    """Stands for a network."""

    device = torch.device("cpu")


def test_one_convolution_by_hand() -> None:
    network = Convolution(1, 3, 3, padding=1, bias=False)
    # forward 2 * 9 * 3 a pixel; backward only to the weights, as many (the input needs none)
    pixels = HALF.input_size**2
    expected = 2 * (2 * 9 * 3 * pixels) * 60 * HALF.batch_size / 1e9
    assert cost.training_gflop(network, HALF, 60) == pytest.approx(expected)  # type: ignore[arg-type]


def test_what_is_frozen_costs_less_and_nothing_is_changed() -> None:
    torch.manual_seed(0)
    network = build_network(
        "tu-test_resnet", channels=3, input_size=64, classes=2, decoder=unet(),
        normalisation_mean=(0.5,) * 3, normalisation_std=(0.5,) * 3,
    )  # fmt: skip
    before = {name: value.clone() for name, value in network.state_dict().items()}
    whole = cost.training_gflop(network, HALF, 60)
    apply_strategy(network, train=("decoder", "head"), freeze_norm_stats=True).set_modes(network)
    modes = [module.training for module in network.modules()]
    assert cost.training_gflop(network, HALF, 60) < whole
    assert modes == [module.training for module in network.modules()]
    assert all(value.grad is None for value in network.parameters())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
