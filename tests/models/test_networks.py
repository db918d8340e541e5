"""Networks: their initial values, one momentum of batch normalisation."""

import torch
from support.networks import unet
from torch.nn.modules.batchnorm import _BatchNorm

from benchmark.cards.protocol import LinearDecoder, UnetDecoder
from benchmark.models.networks import SegmentationNetwork, build_network, set_norm_momentum


def network(encoder: str, decoder: UnetDecoder | LinearDecoder) -> SegmentationNetwork:
    return build_network(
        encoder, channels=3, classes=2, input_size=64, decoder=decoder,
        normalisation_mean=(0.5,) * 3, normalisation_std=(0.5,) * 3, sigmoid=False,
    )  # fmt: skip


def momenta(network: SegmentationNetwork) -> set[float | None]:
    return {module.momentum for module in network.modules() if isinstance(module, _BatchNorm)}


def test_all_batch_normalisation_gets_one_momentum() -> None:
    net = network("efficientnet-b0", unet())
    assert {round(value or 0, 6) for value in momenta(net)} == {0.01, 0.1}
    set_norm_momentum(net)
    assert momenta(net) == {0.1}


def test_the_cumulative_average_of_a_linear_head_stays() -> None:
    probe = network("resnet18", LinearDecoder(encoder="", maps=2))
    set_norm_momentum(probe)
    assert momenta(probe) == {0.1, None}
    assert torch.equal(probe.head[0].running_var, torch.ones(probe.head[0].num_features))


def test_a_network_built_again_starts_from_the_same_values() -> None:
    """The first build of a network tries which options timm takes; later ones know."""
    states = []
    for _ in range(2):
        torch.manual_seed(0)
        states.append(network("tu-tf_efficientnet_lite0", unet()).state_dict())
    first, second = states
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
