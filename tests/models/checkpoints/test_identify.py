"""Networks are identified by names and shapes, with wrappers, other stems and other libraries."""

import re

import monai.networks.nets as nets
import pytest
import torch
from support.networks import unet
from support.real_data import REAL_DATA, needs_real_data
from torch import nn

from benchmark.cards.source import WeightsFile
from benchmark.models.checkpoints.convert import encoder_tensors
from benchmark.models.checkpoints.identify import identify
from benchmark.models.checkpoints.matching import EncoderMatch, with_decoder
from benchmark.models.checkpoints.network_index import plain_name
from benchmark.models.checkpoints.read import open_checkpoint
from benchmark.models.encoders import TensorShapes, build_encoder, encoder_shapes, tensor_shapes
from benchmark.models.networks import SegmentationNetwork, build_network
from benchmark.models.vision_libraries import import_torchvision
from benchmark.models.weights import load_part, renamed

import_torchvision()

import segmentation_models_pytorch as smp  # noqa: E402  (after the guard)
import timm  # noqa: E402
import torchvision.models  # noqa: E402
from timm.layers import resample_abs_pos_embed  # noqa: E402

RESNETS = ("resnet18", "resnet34", "resnet50", "mobilenet_v2", "tu-resnet18", "vgg11", "vgg11_bn")
WIDTHS = unet(256, 128, 64, 32, 16)


def state(network: nn.Module, prefix: str = "") -> dict[str, torch.Tensor]:
    return {prefix + name: value for name, value in network.state_dict().items()}


def shapes_of(tensors: dict[str, torch.Tensor]) -> TensorShapes:
    return {name: tuple(value.shape) for name, value in tensors.items()}


def loads_encoder(match: EncoderMatch, tensors: dict[str, torch.Tensor]) -> nn.Module:
    """The encoder alone, loaded as its card would state it; it must be fully covered."""
    encoder = build_encoder(match.encoder, match.channels)
    fill(encoder, match, tensors)
    return encoder


def fill(encoder: nn.Module, match: EncoderMatch, tensors: dict[str, torch.Tensor]) -> None:
    weights = WeightsFile(file="a", sha256="0" * 64, licence="MIT", key_prefix=match.key_prefix,
                          rename=match.rename, convert=match.convert)  # fmt: skip
    part, prefix, _ = encoder_tensors(tensors, weights, match.encoder, match.channels)
    assert load_part(encoder, part, prefix=prefix, name="x").complete


def loads(match: EncoderMatch, tensors: dict[str, torch.Tensor]) -> SegmentationNetwork:
    """Load as its card would state it; the encoder must be fully covered."""
    network = build_network(
        match.encoder, channels=match.channels, classes=1, input_size=256, decoder=WIDTHS,
        normalisation_mean=(0.0,) * match.channels, normalisation_std=(1.0,) * match.channels,
    )  # fmt: skip
    fill(network.encoder, match, tensors)
    return network


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
@pytest.mark.parametrize("prefix", ["", "module.", "teacher.backbone.", "model.encoder."])
def test_torchvision_through_wrappers(name: str, prefix: str) -> None:
    classifier = torchvision.models.get_model(name, weights=None)
    tensors = state(classifier, prefix) | {
        "queue": torch.rand(3, 3),
        "projector.weight": torch.rand(2),
    }
    match = identify(shapes_of(tensors), RESNETS)[0]
    assert (match.encoder, match.prefix, match.channels) == (name, prefix, 3)
    loads(match, tensors)


def test_of_complete_matches_the_larger_is_chosen() -> None:
    with torch.device("meta"):
        shapes = tensor_shapes(torchvision.models.resnet34(weights=None))
    match = identify({f"module.{name}": shape for name, shape in shapes.items()})[0]
    assert match.encoder == "resnet34" and match.complete and match.similarity > 0.9


TIMM_NETWORKS = (
    "convnext_tiny", "convnextv2_tiny", "efficientformer_l1", "fastvit_t8", "hiera_tiny_224",
    "maxvit_tiny_tf_224", "mobileone_s0", "regnety_008", "sam2_hiera_tiny",
    "swin_tiny_patch4_window7_224", "tf_efficientnet_lite0", "vit_base_patch16_384",
    "vit_small_patch14_dinov2", "vit_tiny_patch16_224",
)  # fmt: skip


@pytest.mark.parametrize("name", TIMM_NETWORKS)
def test_a_network_of_timm_is_found_by_its_own_names(name: str) -> None:
    with torch.device("meta"):
        shapes = tensor_shapes(timm.create_model(name))
    match = identify({f"_orig_mod.module.{key}": shape for key, shape in shapes.items()})[0]
    assert match.encoder == f"tu-{name}" and match.complete and not match.convert
    assert match.prefix == "_orig_mod.module."


def of_convnext(name: str) -> str:
    """Names of ConvNeXt's authors."""
    for pattern, theirs in (
        (r"^stem\.", "downsample_layers.0."),
        (r"^stages\.(\d)\.downsample", r"downsample_layers.\1"),
        (r"^stages\.(\d)\.blocks", r"stages.\1"), ("conv_dw", "dwconv"), (r"mlp\.fc", "pwconv"),
        (r"^head\.norm", "norm"), (r"^head\.fc", "head"),
    ):  # fmt: skip
        name = re.sub(pattern, theirs, name)
    return name


def of_sam(name: str) -> str:
    """Names of SAM's authors, and of MedSAM."""
    return f"image_encoder.{name.replace('mlp.fc', 'mlp.lin')}"


def of_open_clip(name: str) -> str:
    """Names of OpenAI's CLIP and of open_clip."""
    for ours, theirs in (
        ("patch_embed.proj", "conv1"), ("pos_embed", "positional_embedding"),
        ("norm_pre", "ln_pre"),
        ("blocks.", "transformer.resblocks."), ("attn.qkv.", "attn.in_proj_"),
        ("attn.proj", "attn.out_proj"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
        ("norm1", "ln_1"), ("norm2", "ln_2"), ("cls_token", "class_embedding"),
    ):  # fmt: skip
        name = name.replace(ours, theirs)
    return f"visual.{re.sub('^norm', 'ln_post', name)}"


AUTHORS = {
    "convnext_atto": (of_convnext, "timm", ""),
    "samvit_base_patch16": (of_sam, "sam", "image_encoder."),
    "vit_base_patch32_clip_224": (of_open_clip, "open_clip", "visual."),
    "vit_tiny_patch16_224": (lambda name: f"visual.trunk.{name}", "", "visual.trunk."),
}


@pytest.mark.parametrize("name", AUTHORS)
def test_names_of_the_authors_give_the_tensors_of_timm(name: str) -> None:
    rename, conversion, prefix = AUTHORS[name]
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False)
    tensors = {rename(key): value for key, value in model.state_dict().items()}
    tensors = {
        key: value.squeeze(0) if "positional" in key else value.reshape(-1)
        if "class_embedding" in key else value
        for key, value in tensors.items()
    }  # fmt: skip
    match = identify(shapes_of(tensors))[0]
    found = (match.convert, match.prefix if conversion != "timm" else "")
    assert f"tu-{name}" in (match.encoder, *match.equal) and found == (conversion, prefix)
    encoder = loads_encoder(match, tensors).state_dict()
    own = {plain_name(key): value for key, value in encoder.items()}
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in own.items())


def test_position_embeddings_of_another_grid_are_resampled_and_named() -> None:
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", img_size=160, pretrained=False)
    tensors = state(model)
    match = identify(shapes_of(tensors))[0]
    assert (match.encoder, match.convert) == ("tu-vit_tiny_patch16_224", "timm")
    assert match.resampled == ("pos_embed",)
    own = loads_encoder(match, tensors).state_dict()["model.pos_embed"]
    wanted = resample_abs_pos_embed(tensors["pos_embed"], [14, 14], num_prefix_tokens=1)
    assert torch.equal(own, wanted)


def test_blocks_of_efficientnet_pytorch_are_numbered_through_all_stages() -> None:
    model = timm.create_model("tf_efficientnet_lite1", pretrained=False)
    theirs, numbers = {}, dict[str, int]()
    words = {"conv_stem": "_conv_stem", "conv_head": "_conv_head", "bn2": "_bn1", "bn1": "_bn0",
             "classifier": "_fc"}  # fmt: skip
    for key, value in model.state_dict().items():
        parts = key.split(".")
        if parts[0] == "blocks":
            number = numbers.setdefault(".".join(parts[1:3]), len(numbers))
            first = parts[1] == "0"
            inner = {
                "conv_dw": "_depthwise_conv", "bn1": "_bn1" if first else "_bn0",
                "bn2": "_bn2" if first else "_bn1", "bn3": "_bn2", "conv_pwl": "_project_conv",
                "conv_pw": "_project_conv" if first else "_expand_conv",
            }[parts[3]]  # fmt: skip
            theirs[f"_blocks.{number}.{inner}.{parts[4]}"] = value
        else:
            theirs[f"{words[parts[0]]}.{parts[1]}"] = value
    match = identify(shapes_of(theirs))[0]
    assert (match.encoder, match.convert) == ("tu-tf_efficientnet_lite1", "efficientnet_pytorch")
    assert "tu-efficientnet_lite1" in match.equal
    own = loads_encoder(match, theirs).state_dict()
    assert all(
        torch.equal(value, model.state_dict()[plain_name(key)]) for key, value in own.items()
    )


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("encoder", ["resnet18", "tu-test_convnext", "tu-mobilenetv3_small_050"])
def test_other_stems_are_identified_by_their_channels(encoder: str, channels: int) -> None:
    name = encoder.removeprefix("tu-")
    classifier = timm.create_model(name, pretrained=False, in_chans=channels)
    match = identify(shapes_of(state(classifier)), (encoder,))[0]
    assert match.channels == channels and match.complete
    loads(match, state(classifier))


@pytest.mark.parametrize(
    "model", ["test_resnet", "test_convnext", "test_efficientnet", "pvt_v2_b0"]
)
def test_timm_files_give_the_features_of_timm(model: str) -> None:
    torch.manual_seed(0)
    classifier = timm.create_model(model, pretrained=False).eval()
    tensors = state(classifier, "model.")
    network = loads(identify(shapes_of(tensors), (f"tu-{model}",))[0], tensors).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        wanted = classifier.forward_intermediates(image, intermediates_only=True)[-1]
        features = network.encoder(image)[-1]
    assert torch.equal(features, wanted)


MONAI = {
    "monai-unet": lambda: nets.BasicUNet(spatial_dims=2, in_channels=1, out_channels=2),
    "monai-vnet": lambda: nets.VNet(spatial_dims=2, in_channels=1, out_channels=2, dropout_dim=2),
    "monai-unetr": lambda: nets.UNETR(1, 2, img_size=256, spatial_dims=2),
    "monai-swin_unetr": lambda: nets.SwinUNETR(1, 2, spatial_dims=2),
}


@pytest.mark.parametrize("name", MONAI)
def test_monai_networks_bring_their_decoder(name: str) -> None:
    shapes = {f"net.{k}": tuple(v.shape) for k, v in MONAI[name]().state_dict().items()}
    match = identify(shapes, ("resnet18", *MONAI))[0]
    assert match.encoder == name and match.channels == 1 and match.complete
    complete = with_decoder(match, shapes, WIDTHS)
    assert complete is not None and complete.key_prefix == "encoder."
    rules = [(re.compile(pattern), new) for pattern, new in complete.rename]
    for pattern, new in rules:
        shapes = {pattern.sub(new, key): value for key, value in shapes.items()}
    assert {key.partition(".")[0] for key in shapes} == {"encoder", "decoder", "head"}


def test_a_unet_of_smp_brings_its_decoder_and_head() -> None:
    network_of_smp = smp.Unet("resnet18", encoder_weights=None, classes=1)
    tensors = state(network_of_smp, "model.")
    match = identify(shapes_of(tensors), RESNETS)[0]
    complete = with_decoder(match, shapes_of(tensors), WIDTHS)
    assert complete is not None
    network, tensors_of_network = loads(complete, tensors), renamed(tensors, complete.rename)
    assert load_part(network.decoder, tensors_of_network, prefix="decoder.", name="x").complete
    assert load_part(network.head, tensors_of_network, prefix="head.", name="x").complete
    assert with_decoder(match, shapes_of(tensors), unet()) is None


def test_other_names_are_matched_by_kinds_and_shapes_in_order() -> None:
    classifier = torchvision.models.mobilenet_v2(weights=None)
    tensors = {f"trunk.{k}": v for k, v in classifier.features[:18].state_dict().items()}
    match = identify(shapes_of(tensors), ("resnet18", "tu-mobilenetv2_100"))[0]
    assert match.encoder == "tu-mobilenetv2_100" and match.by_order and match.complete
    network = loads(match, tensors).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(
            network.encoder(image)[-1], classifier.eval().features[:18](image), atol=1e-6
        )


def test_features_without_their_prefix_and_unknown_networks() -> None:
    features = torchvision.models.mobilenet_v2(weights=None).features.state_dict()
    match = identify(shapes_of(features), RESNETS)[0]
    assert match.encoder == "mobilenet_v2"
    loads(match, features)
    assert identify({f"layer{n}.weight": (7, 7) for n in range(30)}, RESNETS) == []
    assert identify({}, RESNETS) == []


def test_missing_and_mismatched_tensors_are_named() -> None:
    shapes = dict(encoder_shapes("resnet18", 3) or {})
    del shapes["layer4.1.bn2.bias"]
    shapes["layer1.0.conv1.weight"] = (64, 64, 5, 5)
    match = identify(shapes, ("resnet18",))[0]
    assert match.missing == ("layer4.1.bn2.bias",) and not match.complete
    assert match.mismatched == {"layer1.0.conv1.weight": (64, 64, 5, 5)}
    assert 0.9 < match.coverage < 1


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
    match = identify(shapes_of(tensors), ("mobilenet_v2", "resnet18", "tu-mobilenetv2_100"))[0]
    assert match.encoder == encoder
    network = loads(match, tensors).eval()
    x = torch.linspace(-2, 2, 3 * 224 * 224).reshape(1, 3, 224, 224) / scale
    with torch.inference_mode():
        assert abs(network.encoder(x)[-1].mean().item() - mean) < 1e-4
