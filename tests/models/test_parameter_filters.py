"""Which parameters a filter finds: those that an independent list by layer type gives."""

import pytest
from support.networks import small_network
from torch import nn

from benchmark.cards.strategy import FILTERS as WORDS
from benchmark.errors import ProtocolError
from benchmark.models.freezing import apply_strategy
from benchmark.models.networks import SegmentationNetwork
from benchmark.models.parameter_filters import FILTERS
from benchmark.models.vision_libraries import timm

NORMS = (nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm, nn.LayerNorm)


def trained(network: SegmentationNetwork, *train: str) -> set[str]:
    apply_strategy(network, train=train, freeze_norm_stats=True)
    return {name for name, value in network.named_parameters() if value.requires_grad}


@pytest.mark.parametrize(
    ("encoder", "norms"),
    [
        ("mobilenet_v2", 52),
        ("tu-test_convnext", 13),
        ("tu-test_vit", 12),
        ("monai-unetr", 46),
        ("monai-unet", 10),
    ],
)
def test_norm_are_scales_and_shifts_of_the_encoder(encoder: str, norms: int) -> None:
    network = small_network(encoder)
    layers = [m for m in network.encoder.named_modules() if isinstance(m[1], NORMS)]
    expected = {f"encoder.{name}.{own}" for name, m in layers for own, _ in m.named_parameters()}
    whole = {name for name, _ in network.named_parameters() if not name.startswith("encoder.")}
    assert trained(network, "encoder.norm", "decoder", "head") == expected | whole
    assert len(layers) == norms


def test_bias_are_the_terms_of_bitfit() -> None:
    """Ben Zaken et al. 2022: those of attention, of both layers of the MLP and of the norms."""
    network = small_network("monai-unetr")
    blocks = {
        f"encoder.vit.blocks.{n}.{layer}.bias"
        for n in range(12)
        for layer in (
            "attn.out_proj",
            "mlp.linear1",
            "mlp.linear2",
            "norm1",
            "norm2",
            "norm_cross_attn",
        )
    }  # MONAI's query, key and value have no bias; its third norm is not used
    found = {name for name in trained(network, "encoder.bias") if ".blocks." in name}
    assert found == blocks
    assert all(name.endswith(".bias") for name in trained(network, "encoder.bias"))


def test_a_cnn_with_batch_normalisation_has_the_shifts_as_biases() -> None:
    network = small_network("mobilenet_v2")
    assert {n.rpartition(".")[2] for n in trained(network, "encoder.norm")} == {"weight", "bias"}
    biases = trained(network, "encoder.bias")
    assert biases == {n for n in trained(network, "encoder.norm") if n.endswith("bias")}


def test_separate_biases_of_attention_are_biases_and_position_tables_are_not() -> None:
    model = timm.create_model("beit_base_patch16_224", embed_dim=24, depth=1, num_heads=2)
    names = {id(value): name for name, value in model.named_parameters()}
    found = {names[id(value)] for value in FILTERS["bias"](model)}
    assert {"blocks.0.attn.q_bias", "blocks.0.attn.v_bias", "blocks.0.norm1.bias"} <= found
    assert not any("relative_position" in name for name in found)


@pytest.mark.parametrize("kind", ["RmsNorm", "LayerNorm2d", "BatchNormAct2d", "GroupNorm1"])
def test_norm_layers_of_timm_are_recognised(kind: str) -> None:
    layer = getattr(timm.layers, kind)(8)
    assert {*FILTERS["norm"](nn.Sequential(layer))} == {*layer.parameters()}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "encoder.norms",
            "unknown part of the network 'encoder.norms'. Did you mean 'encoder.norm",
        ),
        ("encoder.lora", "encoder.lora holds no parameter in this network"),
        ("encoder.norm", "encoder.norm holds no parameter in this network"),
    ],
)
def test_a_filter_that_finds_nothing_is_refused(name: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        trained(small_network("x-unet"), name)


def test_cards_and_networks_know_the_same_filters() -> None:
    assert set(WORDS) == set(FILTERS)
