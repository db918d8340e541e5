"""Relative learning rates: those of timm for its encoders, of stages for all others."""

import pytest
import torch
from support.networks import small_network

from benchmark.models.layer_decay import relative_rates, stages
from benchmark.models.vision_libraries import timm

IMAGES = torch.zeros((1, 1, 64, 64))


def rates(encoder: str, decay: float | None = 0.5) -> dict[str, float]:
    network = small_network(encoder)
    factors = relative_rates(network, decay, IMAGES)
    return {name: factors[p] for name, p in network.encoder.named_parameters() if p in factors}


@pytest.mark.parametrize(
    "model", ["resnet18", "mobilenetv2_050", "efficientnet_lite0", "test_convnext", "test_vit"]
)
def test_encoders_of_timm_have_the_rates_of_its_own_optimiser_groups(model: str) -> None:
    with torch.device("meta"):
        complete = timm.create_model(model)
    groups = timm.optim.param_groups_layer_decay(complete, layer_decay=0.5)
    wanted = {id(p): group["lr_scale"] for group in groups for p in group["params"]}
    own = {name: wanted[id(p)] for name, p in complete.named_parameters()}
    found = rates(f"tu-{model}")
    for name, rate in found.items():  # timm names `stages.0`, its feature extractor `stages_0`
        plain = name.removeprefix("model.")
        assert rate == own.get(plain, own.get(plain.replace("_", ".", 1))), name
    assert max(found.values()) == 0.5  # the decoder has the place of the classifier


def test_the_blocks_of_a_vision_transformer_by_hand() -> None:
    """Patch embedding and positions, then six blocks; the decoder has the place of the head."""
    found = rates("tu-test_vit")
    names = ("pos_embed", *(f"blocks.{block}.attn.qkv.weight" for block in range(6)))
    assert [found[f"model.{name}"] for name in names] == [0.5**n for n in range(7, 0, -1)]


def test_the_blocks_of_a_residual_network_by_hand() -> None:
    found = rates("tu-resnet18")
    layers = [
        "conv1",
        *(f"layer{stage}.{block}.conv1" for stage in (1, 2, 3, 4) for block in (0, 1)),
    ]
    assert [found[f"model.{name}.weight"] for name in layers] == [0.5**n for n in range(9, 0, -1)]


@pytest.mark.parametrize(
    ("encoder", "first", "last", "count"),
    [
        ("mobilenet_v2", "features.0.0.weight", "features.18.0.weight", 5),
        ("resnet18", "conv1.weight", "layer4.1.conv2.weight", 5),
        ("plain-unet", "stages.0.0.weight", "stages.4.1.0.weight", 5),
        ("monai-unetr", "maps.0.layer.conv1.conv.weight", "vit.blocks.11.mlp.linear1.weight", 5),
    ],
)
def test_other_encoders_have_the_rates_of_their_stages(
    encoder: str, first: str, last: str, count: int
) -> None:
    found = rates(encoder)
    assert sorted(set(found.values())) == [0.5**n for n in range(count, 0, -1)]
    assert (found[first], found[last]) == (0.5**count, 0.5)


def test_a_parameter_is_of_the_first_map_that_depends_on_it() -> None:
    network = small_network("mobilenet_v2")
    network.encoder.requires_grad_(False)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = stages(network, IMAGES)
    ends = (1, 3, 6, 13, 18)  # the layers whose outputs smp takes
    for name, stage in found.items():
        layer = int(name.split(".")[1])
        assert stage == sum(layer > end for end in ends), name
    assert not any(value.requires_grad for value in network.encoder.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_without_decay_no_rate_differs() -> None:
    assert rates("mobilenet_v2", None) == {}
    assert set(rates("mobilenet_v2", 1.0).values()) == {1.0}
