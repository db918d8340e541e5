"""Low-rank updates: of which layers, frozen weights under their own names, and what they add."""

import sys

import pytest
import torch
from peft.tuners.lora import LoraLayer
from support.networks import small_network
from torch import nn

from benchmark.errors import ProtocolError
from benchmark.models.freezing import apply_strategy
from benchmark.models.low_rank import add_low_rank, low_rank_layers
from benchmark.models.networks import SegmentationNetwork, parameter_counts
from benchmark.models.vision_libraries import timm

IMAGES = torch.rand((2, 1, 64, 64), generator=torch.Generator().manual_seed(0))


def updated(encoder: str, rank: int = 4, seed: int = 0) -> SegmentationNetwork:
    network = small_network(encoder)
    add_low_rank(network, rank=rank, alpha=2 * rank, seed=seed, input_size=64)
    return network


def train(network: SegmentationNetwork, steps: int = 2) -> None:
    frozen = apply_strategy(network, train=("encoder.lora", "head"), freeze_norm_stats=True)
    before = frozen.fingerprint()
    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=0.01)
    for _ in range(steps):
        frozen.set_modes(network)
        optimizer.zero_grad()
        network(IMAGES).square().mean().backward()
        optimizer.step()
    frozen.verify(before)


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        ("tu-test_resnet", {"conv1.0", "layer1.0.conv1", "layer4.0.downsample.1"}),
        ("tu-test_efficientnet", {"conv_stem", "blocks.1.0.conv_exp"}),
        ("tu-test_convnext", {"stem_0", "stages_1.downsample.1", "stages_0.blocks.0.mlp.fc1"}),
    ],
)
def test_a_cnn_gets_updates_of_its_convolutions_of_one_group(
    encoder: str, expected: set[str]
) -> None:
    network = small_network(encoder)
    layers = low_rank_layers(network.encoder)
    assert {f"model.{name}" for name in expected} <= set(layers)
    modules = dict(network.encoder.named_modules())
    convolutions = {name for name, m in modules.items() if isinstance(m, nn.Conv2d)}
    grouped = {name for name in convolutions if modules[name].groups > 1}
    assert convolutions - grouped <= set(layers) and not grouped & set(layers)


def test_a_transformer_gets_updates_of_attention_only() -> None:
    network = small_network("monai-unetr")
    assert set(low_rank_layers(network.encoder)) == {
        f"vit.blocks.{n}.attn.{layer}" for n in range(12) for layer in ("qkv", "out_proj")
    }
    add_low_rank(network, rank=8, alpha=16, seed=0, input_size=64)
    apply_strategy(network, train=("encoder.lora",), freeze_norm_stats=True)
    per_block = 8 * (768 + 3 * 768) + 8 * (768 + 768)  # rank * (inputs + outputs)
    assert parameter_counts(network)[1] == 12 * per_block


@pytest.mark.parametrize("encoder", ["mobilenet_v2", "tu-test_vit", "monai-swin_unetr"])
def test_base_weights_stay_and_the_merged_network_gives_the_same(encoder: str) -> None:
    original = small_network(encoder)
    state, network = original.state_dict(), updated(encoder)
    with torch.inference_mode():
        assert torch.equal(network.eval()(IMAGES), original.eval()(IMAGES))  # B is 0
    train(network)
    for name, value in network.state_dict().items():
        if name.startswith("encoder.") and ".lora_" not in name:
            assert torch.equal(value, state[name.replace(".base_layer.", ".")]), name
    with torch.inference_mode():
        kept = network.eval()(IMAGES)
        assert not torch.allclose(kept, original(IMAGES), atol=1e-3)
        for layer in network.modules():
            if isinstance(layer, LoraLayer):
                layer.merge()
        torch.testing.assert_close(network(IMAGES), kept, atol=1e-4, rtol=1e-4)


def test_frozen_tensors_have_the_names_of_the_network_without_updates() -> None:
    names = {name for name, _ in small_network("tu-test_resnet").encoder.named_parameters()}
    network = updated("tu-test_resnet")
    frozen = apply_strategy(network, train=("encoder.lora", "decoder"), freeze_norm_stats=False)
    found = {n.removeprefix("encoder.") for n in frozen.tensors if n.startswith("encoder.")}
    assert found == names


def test_the_seed_gives_the_update() -> None:
    states = [updated("tu-test_resnet", seed=seed).state_dict() for seed in (0, 0, 1)]
    drawn = [name for name in states[0] if ".lora_A." in name]
    assert drawn and all(torch.equal(states[0][name], states[1][name]) for name in drawn)
    assert not any(torch.equal(states[0][name], states[2][name]) for name in drawn)


def test_an_encoder_that_bypasses_its_layers_is_refused() -> None:
    """BEiT multiplies by the weights of `qkv` itself, so that an update would do nothing."""

    class Beit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = timm.create_model(
                "beit_base_patch16_224", img_size=64, embed_dim=24, depth=1, num_heads=2
            )

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            maps: list[torch.Tensor] = self.body.forward_intermediates(
                images, intermediates_only=True
            )
            return maps[-1]

    network = SegmentationNetwork(
        Beit(), nn.Identity(), nn.Conv2d(24, 2, 1), (0.0,) * 3, (1.0,) * 3
    )
    with pytest.raises(ProtocolError, match=r"never calls .*attn\.qkv as a layer"):
        add_low_rank(network, rank=4, alpha=8, seed=0, input_size=64)


def test_convolutions_with_padding_of_their_own_are_refused() -> None:
    with pytest.raises(ProtocolError, match="no layer to update"):
        updated("efficientnet-b0")


def test_without_peft_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ProtocolError, match=r"pip install 'segtransfer\[lora\]'"):
        updated("tu-test_resnet")
