"""Whole networks: cut into parts they are still MONAI's own, and the published size is met."""

from typing import Any

import monai.networks.nets as nets
import pytest
import torch

from benchmark.models.named import NAMED
from benchmark.models.networks import SegmentationNetwork, build_network, parameter_counts
from benchmark.models.strategies import apply_strategy


def named(name: str, size: int = 64, classes: int = 3) -> SegmentationNetwork:
    torch.manual_seed(0)
    return build_network(
        name, channels=1, classes=classes, input_size=size, decoder_channels=(),
        normalisation_mean=(0.0,), normalisation_std=(1.0,),
    ).eval()  # fmt: skip


WHOLE: dict[str, Any] = {
    "monai-unet": lambda: nets.BasicUNet(spatial_dims=2, in_channels=1, out_channels=3),
    "monai-vnet": lambda: nets.VNet(spatial_dims=2, in_channels=1, out_channels=3, dropout_dim=2),
    "monai-unetr": lambda: nets.UNETR(1, 3, img_size=64, spatial_dims=2),
    "monai-swin_unetr": lambda: nets.SwinUNETR(1, 3, spatial_dims=2),
}


@pytest.mark.parametrize("name", WHOLE)
def test_cut_into_parts_it_gives_what_the_whole_gives(name: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    whole = WHOLE[name]().eval()
    cut = named(name)
    assert parameter_counts(cut)[0] == parameter_counts(whole)[0]
    image = torch.rand((2, 1, 64, 64))
    with torch.inference_mode():
        assert torch.equal(cut(image), whole(image))


def test_the_plain_unet_has_the_published_number_of_parameters() -> None:
    network = build_network(
        "plain-unet", channels=3, classes=1, input_size=64, decoder_channels=(),
        normalisation_mean=(0.0,) * 3, normalisation_std=(1.0,) * 3,
    )  # fmt: skip
    assert parameter_counts(network) == (31_037_633, 31_037_633)


@pytest.mark.parametrize("name", NAMED)
def test_parts_are_all_of_it_and_can_be_frozen(name: str) -> None:
    network = named(name)
    total = parameter_counts(network)[0]
    sizes = []
    for part in ("encoder", "decoder", "head"):
        apply_strategy(network, train=(part,), freeze_norm_stats=True)
        sizes.append(parameter_counts(network)[1])
    assert sum(sizes) == total and min(sizes) > 0
    apply_strategy(network, train=("decoder.0", "head"), freeze_norm_stats=True)
    assert sizes[2] < parameter_counts(network)[1] < sizes[1] + sizes[2]


def test_colour_is_averaged_where_the_network_takes_grey() -> None:
    network = named("monai-unet")
    image = torch.rand((1, 3, 64, 64))
    with torch.inference_mode():
        assert torch.equal(network(image), network(image.mean(1, keepdim=True)))
