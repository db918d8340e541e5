"""Strategies freeze the stated parts, batch-norm statistics included, and prove it."""

import pytest
import torch
from support.networks import unet

from benchmark.errors import ProtocolError
from benchmark.models.freezing import apply_strategy
from benchmark.models.networks import SegmentationNetwork, build_network, parameter_counts


def network(encoder: str = "mobilenet_v2", decoder: tuple[int, ...] = (256, 128, 64, 32, 16)
            ) -> SegmentationNetwork:  # fmt: skip
    return build_network(
        encoder, channels=3, input_size=64, classes=1, decoder=unet(*decoder),
        normalisation_mean=(0.0,) * 3, normalisation_std=(1.0,) * 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        (("encoder", "decoder", "head"), 6_628_945),
        (("decoder", "head"), 4_405_073),
        (("encoder",), 2_223_872),
        (("decoder.0",), 3_761_152),
        (("decoder.0", "decoder.1"), 4_240_896),
        (("decoder.0", "decoder.1", "decoder.2"), 4_365_568),
        (("decoder.2", "decoder.3", "decoder.4"), 164_032),
        (("decoder.4",), 6_976),
        (("head",), 145),
    ],
)
def test_trainable_counts_are_the_published_ones(train: tuple[str, ...], expected: int) -> None:
    net = network()
    apply_strategy(net, train=train, freeze_norm_stats=True)
    assert parameter_counts(net) == (6_628_945, expected)


@pytest.mark.parametrize("freeze", [True, False])
def test_frozen_statistics_are_constant_only_on_request(freeze: bool) -> None:
    torch.manual_seed(0)
    net = network("tu-test_resnet", (16, 8, 8, 8, 8))
    frozen = apply_strategy(net, train=("decoder", "head"), freeze_norm_stats=freeze)
    buffers = {name: value.clone() for name, value in net.encoder.named_buffers()}
    before = frozen.fingerprint()
    optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):
        frozen.set_modes(net)
        net(torch.rand(2, 1, 32, 32)).square().mean().backward()
        optimizer.step()
    frozen.verify(before)
    unchanged = all(
        torch.equal(value, buffers[name]) for name, value in net.encoder.named_buffers()
    )
    assert unchanged == freeze


def test_every_buffer_of_a_frozen_encoder_is_in_the_proof() -> None:
    """Normalisation layers of timm have children (their activation), and unchanged statistics."""
    net = network("tu-mobilenetv3_small_050", (16, 8, 8, 8, 8))
    frozen = apply_strategy(net, train=("decoder", "head"), freeze_norm_stats=True)
    state = {f"encoder.{name}" for name in torch.nn.Module.state_dict(net.encoder)}
    assert state <= set(frozen.tensors)
    before = frozen.fingerprint()
    frozen.set_modes(net)
    net(torch.rand(2, 1, 64, 64)).square().mean().backward()
    frozen.verify(before)


def test_a_frozen_tensor_that_changes_is_named() -> None:
    net = network("tu-test_resnet", (16, 8, 8, 8, 8))
    frozen = apply_strategy(net, train=("decoder",), freeze_norm_stats=True)
    before = frozen.fingerprint()
    with torch.no_grad():
        next(net.encoder.parameters()).add_(1e-3)
    with pytest.raises(ProtocolError, match="1 frozen tensors changed .first: encoder"):
        frozen.verify(before)


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(ProtocolError, match="Did you mean"):
        apply_strategy(network("tu-test_resnet"), train=("decoder.9",), freeze_norm_stats=True)


def test_one_channel_is_repeated_to_the_sources_channels() -> None:
    net = network("tu-test_resnet", (16, 8, 8, 8, 8)).eval()
    grey = torch.rand(1, 1, 32, 32)
    torch.testing.assert_close(net(grey), net(grey.repeat(1, 3, 1, 1)))
