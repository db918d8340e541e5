"""Complete networks: split into parts they equal MONAI's, and have the published sizes."""

from typing import Any

import monai.networks.nets as nets
import pytest
import torch
from support.networks import unet

from benchmark.cards.content import content_roots
from benchmark.cards.registry import Registry
from benchmark.models.freezing import apply_strategy
from benchmark.models.monai_networks import MONAI_NETWORKS
from benchmark.models.networks import SegmentationNetwork, build_network, parameter_counts
from benchmark.models.plain_networks import PLAIN_NETWORKS
from benchmark.models.vision_libraries import import_torchvision
from benchmark.models.weights import renamed


def network_of(
    name: str, size: int = 64, classes: int = 3, channels: int = 1
) -> SegmentationNetwork:
    torch.manual_seed(0)
    return build_network(
        name, channels=channels, classes=classes, input_size=size, decoder=unet(),
        normalisation_mean=(0.0,) * channels, normalisation_std=(1.0,) * channels,
    ).eval()  # fmt: skip


MONAI: dict[str, Any] = {
    "monai-unet": lambda: nets.BasicUNet(spatial_dims=2, in_channels=1, out_channels=3),
    "monai-vnet": lambda: nets.VNet(spatial_dims=2, in_channels=1, out_channels=3, dropout_dim=2),
    "monai-unetr": lambda: nets.UNETR(1, 3, img_size=64, spatial_dims=2),
    "monai-swin_unetr": lambda: nets.SwinUNETR(1, 3, spatial_dims=2),
}


@pytest.mark.parametrize("name", MONAI)
def test_the_parts_of_a_monai_network_give_its_output(name: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    original = MONAI[name]().eval()
    split = network_of(name)
    assert parameter_counts(split)[0] == parameter_counts(original)[0]
    image = torch.rand((2, 1, 64, 64))
    with torch.inference_mode():
        assert torch.equal(split(image), original(image))


PUBLISHED = {"plain-unet": 31_037_633, "x-unet": 31_031_745, "v-unet": 25_854_657}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks_have_the_published_number_of_parameters(name: str) -> None:
    network = build_network(
        name, channels=3, classes=1, input_size=64, decoder=unet(),
        normalisation_mean=(0.0,) * 3, normalisation_std=(1.0,) * 3,
    )  # fmt: skip
    assert parameter_counts(network) == (PUBLISHED[name], PUBLISHED[name])


def test_the_bottleneck_of_a_unet_can_be_frozen_alone() -> None:
    network = network_of("x-unet")
    stages = tuple(f"encoder.{n}" for n in range(4))
    apply_strategy(network, train=(*stages, "decoder", "head"), freeze_norm_stats=True)
    frozen = [p.shape for p in network.parameters() if not p.requires_grad]
    weights, biases = frozen[::2], frozen[1::2]  # two convolutions of 1024 filters, nothing else
    assert weights == [(1024, 512, 3, 3), (1024, 1024, 3, 3)] and biases == [(1024,)] * 2


def test_the_encoder_of_the_v_unet_is_vgg16_to_block5_conv3() -> None:
    import_torchvision()
    from torchvision.models import vgg16

    features = vgg16(weights=None).features.eval()
    source = Registry.load(content_roots()).source("imagenet_vgg16_v_unet")
    assert source.weights is not None
    tensors = {f"features.{name}": value for name, value in features.state_dict().items()}
    encoder = network_of("v-unet", channels=3).encoder
    encoder.load_state_dict(renamed(tensors, source.weights.rename))
    image = torch.rand((1, 3, 32, 32))
    with torch.inference_mode():
        maps = encoder(image)
        for number, last in enumerate((4, 9, 16, 23, 30)):  # after the last ReLU of each block
            assert torch.equal(maps[number], features[:last](image))


@pytest.mark.parametrize("name", [*PLAIN_NETWORKS, *MONAI_NETWORKS])
def test_the_parts_cover_the_network_and_can_be_frozen(name: str) -> None:
    network = network_of(name)
    total = parameter_counts(network)[0]
    sizes = []
    for part in ("encoder", "decoder", "head"):
        apply_strategy(network, train=(part,), freeze_norm_stats=True)
        sizes.append(parameter_counts(network)[1])
    assert sum(sizes) == total and min(sizes) > 0
    apply_strategy(network, train=("decoder.0", "head"), freeze_norm_stats=True)
    assert sizes[2] < parameter_counts(network)[1] < sizes[1] + sizes[2]


def test_colour_is_averaged_where_the_network_takes_grey() -> None:
    network = network_of("monai-unet")
    image = torch.rand((1, 3, 64, 64))
    with torch.inference_mode():
        assert torch.equal(network(image), network(image.mean(1, keepdim=True)))
