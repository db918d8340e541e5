"""Networks are told from names and shapes, through wrappers, other stems and other libraries."""

import re

import monai.networks.nets as nets
import pytest
import torch
from support.real_data import REAL_DATA, needs_real_data
from torch import nn

from benchmark.models.checkpoints.identify import EncoderMatch, identify, with_decoder
from benchmark.models.checkpoints.read import open_checkpoint
from benchmark.models.encoders import TensorShapes, encoder_shapes, tensor_shapes
from benchmark.models.networks import SegmentationNetwork, build_network
from benchmark.models.vision_libraries import import_torchvision
from benchmark.models.weights import load_part, renamed

import_torchvision()

import segmentation_models_pytorch as smp  # noqa: E402  (after the guard)
import timm  # noqa: E402
import torchvision.models  # noqa: E402

RESNETS = ("resnet18", "resnet34", "resnet50", "mobilenet_v2", "tu-resnet18", "vgg11", "vgg11_bn")
WIDTHS = (256, 128, 64, 32, 16)


def state(network: nn.Module, prefix: str = "") -> dict[str, torch.Tensor]:
    return {prefix + name: value for name, value in network.state_dict().items()}


def shapes_of(tensors: dict[str, torch.Tensor]) -> TensorShapes:
    return {name: tuple(value.shape) for name, value in tensors.items()}


def loads(match: EncoderMatch, tensors: dict[str, torch.Tensor]) -> SegmentationNetwork:
    """Load as the card would state it; the encoder must be fully covered."""
    network = build_network(
        match.encoder, channels=match.channels, classes=1, input_size=256, decoder_channels=WIDTHS,
        normalisation_mean=(0.0,) * match.channels, normalisation_std=(1.0,) * match.channels,
    )  # fmt: skip
    part = renamed(tensors, match.rename)
    assert load_part(network.encoder, part, prefix=match.key_prefix, name="x").complete
    return network


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
@pytest.mark.parametrize("prefix", ["", "module.", "teacher.backbone.", "model.encoder."])
def test_torchvision_through_wrappers(name: str, prefix: str) -> None:
    whole = torchvision.models.get_model(name, weights=None)
    tensors = state(whole, prefix) | {"queue": torch.rand(3, 3), "projector.weight": torch.rand(2)}
    fit = identify(shapes_of(tensors), RESNETS)[0]
    assert (fit.encoder, fit.prefix, fit.channels) == (name, prefix, 3)
    loads(fit, tensors)


def test_of_those_that_fit_the_larger_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.models.checkpoints.identify.encoder_families", lambda: RESNETS)
    with torch.device("meta"):
        found = tensor_shapes(torchvision.models.resnet34(weights=None))
    fits = identify({f"module.{name}": shape for name, shape in found.items()})
    assert fits[0].encoder == "resnet34" and fits[0].complete and fits[0].similarity > 0.9
    assert "resnet18" in [fit.encoder for fit in fits if fit.complete]  # a part of it


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("encoder", ["resnet18", "tu-test_convnext", "tu-mobilenetv3_small_050"])
def test_other_stems_are_told_by_their_channels(encoder: str, channels: int) -> None:
    name = encoder.removeprefix("tu-")
    whole = timm.create_model(name, pretrained=False, in_chans=channels)
    fit = identify(shapes_of(state(whole)), (encoder,))[0]
    assert fit.channels == channels and fit.complete
    loads(fit, state(whole))


@pytest.mark.parametrize(
    "model", ["test_resnet", "test_convnext", "test_efficientnet", "pvt_v2_b0"]
)
def test_timm_files_give_what_timm_gives(model: str) -> None:
    torch.manual_seed(0)
    whole = timm.create_model(model, pretrained=False).eval()
    tensors = state(whole, "model.")
    network = loads(identify(shapes_of(tensors), (f"tu-{model}",))[0], tensors).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        wanted = whole.forward_intermediates(image, intermediates_only=True)[-1]
        found = network.encoder(image)[-1]
    assert torch.equal(found, wanted)


MONAI = {
    "monai-unet": lambda: nets.BasicUNet(spatial_dims=2, in_channels=1, out_channels=2),
    "monai-vnet": lambda: nets.VNet(spatial_dims=2, in_channels=1, out_channels=2, dropout_dim=2),
    "monai-unetr": lambda: nets.UNETR(1, 2, img_size=256, spatial_dims=2),
    "monai-swin_unetr": lambda: nets.SwinUNETR(1, 2, spatial_dims=2),
}


@pytest.mark.parametrize("name", MONAI)
def test_monai_networks_bring_their_decoder(name: str) -> None:
    found = {f"net.{k}": tuple(v.shape) for k, v in MONAI[name]().state_dict().items()}
    fit = identify(found, ("resnet18", *MONAI))[0]
    assert fit.encoder == name and fit.channels == 1 and fit.complete
    whole = with_decoder(fit, found, WIDTHS)
    assert whole is not None and whole.key_prefix == "encoder."
    rules = [(re.compile(pattern), new) for pattern, new in whole.rename]
    for pattern, new in rules:
        found = {pattern.sub(new, key): value for key, value in found.items()}
    assert {key.partition(".")[0] for key in found} == {"encoder", "decoder", "head"}


def test_a_whole_unet_of_smp_brings_its_decoder_and_head() -> None:
    unet = smp.Unet("resnet18", encoder_weights=None, classes=1)
    tensors = state(unet, "model.")
    fit = identify(shapes_of(tensors), RESNETS)[0]
    whole = with_decoder(fit, shapes_of(tensors), WIDTHS)
    assert whole is not None
    network, found = loads(whole, tensors), renamed(tensors, whole.rename)
    assert load_part(network.decoder, found, prefix="decoder.", name="x").complete
    assert load_part(network.head, found, prefix="head.", name="x").complete
    assert with_decoder(fit, shapes_of(tensors), (8, 8, 8, 8, 8)) is None


def test_names_of_another_library_are_matched_by_kinds_and_shapes_in_order() -> None:
    whole = torchvision.models.mobilenet_v2(weights=None)
    tensors = {f"trunk.{k}": v for k, v in whole.features[:18].state_dict().items()}
    fit = identify(shapes_of(tensors), ("resnet18", "tu-mobilenetv2_100"))[0]
    assert fit.encoder == "tu-mobilenetv2_100" and fit.by_order and fit.complete
    network = loads(fit, tensors).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(
            network.encoder(image)[-1], whole.eval().features[:18](image), atol=1e-6
        )


def test_features_saved_without_their_name_and_networks_of_no_kind() -> None:
    features = torchvision.models.mobilenet_v2(weights=None).features.state_dict()
    fit = identify(shapes_of(features), RESNETS)[0]
    assert fit.encoder == "mobilenet_v2"
    loads(fit, features)
    assert identify({f"layer{n}.weight": (7, 7) for n in range(30)}, RESNETS) == []
    assert identify({}, RESNETS) == []


def test_what_is_missing_and_of_another_shape_is_named() -> None:
    own = dict(encoder_shapes("resnet18", 3) or {})
    del own["layer4.1.bn2.bias"]
    own["layer1.0.conv1.weight"] = (64, 64, 5, 5)
    fit = identify(own, ("resnet18",))[0]
    assert fit.missing == ("layer4.1.bn2.bias",) and not fit.complete
    assert fit.mismatched == {"layer1.0.conv1.weight": (64, 64, 5, 5)}
    assert 0.9 < fit.coverage < 1


@needs_real_data("weights")
@pytest.mark.parametrize(
    ("file", "encoder", "mean", "scale"),
    [
        ("mobilenet_v2_imagenet.pth", "mobilenet_v2", 0.116210, 1),
        ("mobilenet_v2_voc_segmentation.pth", "tu-mobilenetv2_100", 0.038306, 2),
    ],
)
def test_the_real_checkpoints_give_their_reference_features(
    file: str, encoder: str, mean: float, scale: int
) -> None:
    tensors = open_checkpoint(REAL_DATA / "weights" / file).tensors
    fit = identify(shapes_of(tensors), ("mobilenet_v2", "resnet18", "tu-mobilenetv2_100"))[0]
    assert fit.encoder == encoder
    network = loads(fit, tensors).eval()
    x = torch.linspace(-2, 2, 3 * 224 * 224).reshape(1, 3, 224, 224) / scale
    with torch.inference_mode():
        assert abs(network.encoder(x)[-1].mean().item() - mean) < 1e-4
