"""Encoders of installed packages: found by entry point, checked, used like any other."""

import pytest
import torch
from support.networks import unet
from support.plugged import package  # noqa: F401  (a fixture)

from benchmark.errors import WeightsError
from benchmark.models.checkpoints.identify import identify
from benchmark.models.freezing import parts
from benchmark.models.networks import build_network, parameter_counts
from benchmark.models.plugins import entry_points as plugins
from benchmark.models.plugins import template
from benchmark.models.plugins.contract import check_encoder
from benchmark.models.weights import load_part, renamed


@pytest.mark.usefixtures("package")
def test_the_template_keeps_the_contract_and_is_a_network_like_any_other() -> None:
    lines = check_encoder("my_encoder")
    assert len(lines) == 6 and lines[0].startswith("1 channels, 64 x 64: (16, 32, 32)")
    network = build_network(
        "my_encoder", channels=3, classes=2, input_size=64, decoder=unet(16, 8, 8, 8, 8),
        normalisation_mean=(0.0,) * 3, normalisation_std=(1.0,) * 3,
    )  # fmt: skip
    assert network(torch.rand(2, 1, 64, 64)).shape == (2, 2, 64, 64)
    assert "decoder.4" in parts(network) and parameter_counts(network.encoder)[0] > 0
    tensors = {f"net.{k}": v for k, v in template.my_encoder(3).state_dict().items()}
    match = identify({k: tuple(v.shape) for k, v in tensors.items()}, ("resnet18", "my_encoder"))[0]
    assert match.encoder == "my_encoder" and match.prefix == "net."
    loaded = renamed(tensors, match.rename)
    assert load_part(network.encoder, loaded, prefix=match.key_prefix, name="x").complete


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("depth", [4, 5])
def test_missing_strides_of_a_pyramid_are_filled(depth: int) -> None:
    check_encoder("own_late")
    network = build_network(
        "own_late", channels=1, classes=1, input_size=64, decoder=unet(*(8,) * depth),
        normalisation_mean=(0.0,), normalisation_std=(1.0,),
    )  # fmt: skip
    maps = network.features(torch.rand(1, 1, 64, 64))
    assert [feature_map.shape[1] for feature_map in maps] == [1, 0, 32, 64, 128, 256][: depth + 1]
    assert network(torch.rand(1, 1, 64, 64)).shape == (1, 1, 64, 64)


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("noisy", "two forward passes in eval"),
        ("counting", "changes its tensors"),
        ("headed", "2 parameters are in no map .first: body.fc.weight"),
        ("narrow", "at 64 x 64: maps are .*, but by out_channels and strides"),
        ("short", "needs growing powers of two that include 32"),
        ("silent", "out_channels and strides must be"),
        ("failing", "failed with OSError: no such file"),
        ("no_module", "returned int, not a module"),
    ],
)
def test_a_broken_contract_is_named(name: str, message: str) -> None:
    with pytest.raises(WeightsError, match=message) as caught:
        check_encoder(f"own_{name}")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("package")
def test_a_name_near_one_that_is_installed_is_suggested() -> None:
    with pytest.raises(WeightsError, match="Did you mean 'my_encoder'"):
        build_network(
            "my_encodr", channels=1, classes=1, input_size=64, decoder=unet(),
            normalisation_mean=(0.0,), normalisation_std=(1.0,),
        )  # fmt: skip


def test_an_encoder_that_is_not_installed_is_unknown() -> None:
    assert "my_encoder" not in plugins.plugin_names()
    with pytest.raises(WeightsError, match="brought by no package"):
        plugins.plugin("my_encoder")
