"""Networks of transformers give the same features here after their conversion."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import transformers as hf
from transformers.core_model_loading import revert_weight_conversion

from benchmark.cards.source import WeightsFile
from benchmark.models.checkpoints.convert import encoder_tensors
from benchmark.models.checkpoints.identify import identify
from benchmark.models.checkpoints.matching import EncoderMatch
from benchmark.models.encoders import build_encoder
from benchmark.models.weights import load_part

Tensors = dict[str, torch.Tensor]
TINY = {"hidden_size": 192, "num_attention_heads": 3, "intermediate_size": 768}
SMALL = {"hidden_size": 384, "num_attention_heads": 6, "intermediate_size": 1536}


def loaded(match: EncoderMatch, tensors: Tensors) -> torch.nn.Module:
    """The encoder with these weights, as its card would state it."""
    weights = WeightsFile(file="a", sha256="0" * 64, licence="MIT", key_prefix=match.key_prefix,
                          rename=match.rename, convert=match.convert)  # fmt: skip
    encoder = build_encoder(match.encoder, match.channels)
    named, prefix, resampled = encoder_tensors(tensors, weights, match.encoder, match.channels)
    coverage = load_part(encoder, named, prefix=prefix, name="test")
    assert coverage.complete and resampled == match.resampled
    return encoder.eval()


def identified(tensors: Tensors) -> EncoderMatch:
    return identify({name: tuple(tensor.shape) for name, tensor in tensors.items()})[0]


def published(model: Any) -> Tensors:
    """Tensors under the names that files on the hub have."""
    tensors: Tensors = revert_weight_conversion(model, model.state_dict())
    return tensors


def randomised(model: torch.nn.Module) -> torch.nn.Module:
    """Random values in every tensor, running statistics and scales included."""
    torch.manual_seed(0)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            spread = torch.rand(tensor.shape) * 0.1
            tensor.copy_(spread + 0.9 if name.endswith("running_var") else spread - 0.05)
    return model.eval()


FAMILIES: dict[str, tuple[Callable[[], Any], str, int]] = {
    "hf_resnet": (
        lambda: hf.ResNetModel(hf.ResNetConfig(
            hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2], layer_type="basic")),
        "resnet18", 64),
    "hf_regnet": (
        lambda: hf.RegNetModel(hf.RegNetConfig(
            hidden_sizes=[24, 56, 152, 368], depths=[1, 1, 4, 7], groups_width=8)),
        "tu-regnety_002", 64),
    "hf_convnext": (
        lambda: hf.ConvNextModel(hf.ConvNextConfig(
            hidden_sizes=[40, 80, 160, 320], depths=[2, 2, 6, 2])),
        "tu-convnext_atto", 64),
    "hf_mobilenet_v2": (
        lambda: hf.MobileNetV2Model(hf.MobileNetV2Config(tf_padding=False, layer_norm_eps=1e-5)),
        "mobilenet_v2", 64),
    "hf_vit": (
        lambda: hf.ViTModel(hf.ViTConfig(**TINY), add_pooling_layer=False),
        "tu-vit_tiny_patch16_224", 224),
    "hf_segformer": (lambda: hf.SegformerModel(hf.SegformerConfig()), "mit_b0", 64),
    "hf_efficientnet": (
        lambda: hf.EfficientNetModel(hf.EfficientNetConfig(
            width_coefficient=1.0, depth_coefficient=1.0, hidden_dim=1280)),
        "tu-tf_efficientnet_b0", 64),
}  # fmt: skip


@pytest.mark.parametrize("conversion", FAMILIES)
def test_features_are_those_of_transformers(conversion: str) -> None:
    build, encoder, size = FAMILIES[conversion]
    model = randomised(build())
    match = identified(published(model))
    assert (match.encoder, match.convert, match.complete) == (encoder, conversion, True)
    image = torch.rand(1, 3, size, size)
    with torch.inference_mode():
        theirs = model(image).last_hidden_state
        if conversion == "hf_efficientnet":
            theirs = model(image, output_hidden_states=True).hidden_states[-1]  # of the last block
        network = loaded(match, published(model))
        if conversion == "hf_vit":
            theirs = model(image, output_hidden_states=True).hidden_states[-1]  # before the norm
            ours = network.model.forward_features(image)  # type: ignore[operator,union-attr]
        else:
            ours = network(image)[-1]
    assert torch.allclose(ours, theirs, atol=1e-4, rtol=1e-3)


SHAPES: dict[str, tuple[Callable[[], Any], str, str]] = {
    "ViT-B/16": (lambda: hf.ViTForImageClassification(hf.ViTConfig()),
                 "tu-vit_base_patch16_224", "hf_vit"),
    "DeiT-B distilled": (lambda: hf.DeiTModel(hf.DeiTConfig()),
                         "tu-deit_base_distilled_patch16_224", "hf_vit"),
    "MAE ViT-B": (lambda: hf.ViTMAEForPreTraining(hf.ViTMAEConfig()),
                  "tu-vit_base_patch16_224", "hf_vit"),
    "BEiT-B": (lambda: hf.BeitModel(hf.BeitConfig(
        use_relative_position_bias=True, use_absolute_position_embeddings=False)),
        "tu-beit_base_patch16_224", "hf_vit"),
    "CLIP B/16": (lambda: hf.CLIPModel(hf.CLIPConfig(vision_config={"patch_size": 16})),
                  "tu-vit_base_patch16_clip_quickgelu_224", "hf_clip"),
    "SigLIP B/16": (lambda: hf.SiglipVisionModel(hf.SiglipVisionConfig()),
                    "tu-vit_base_patch16_siglip_224", "hf_siglip"),
    "DINOv2 S/14": (lambda: hf.Dinov2Model(hf.Dinov2Config(
        hidden_size=384, num_attention_heads=6, image_size=518)),
        "tu-vit_small_patch14_dinov2", "hf_vit"),
    "DINOv2 S/14 reg4": (lambda: hf.Dinov2WithRegistersModel(hf.Dinov2WithRegistersConfig(
        hidden_size=384, num_attention_heads=6, image_size=518, patch_size=14)),
        "tu-vit_small_patch14_reg4_dinov2", "hf_vit"),
    "DINOv3 S/16": (lambda: hf.DINOv3ViTModel(hf.DINOv3ViTConfig(num_register_tokens=4)),
                    "tu-vit_small_patch16_dinov3_qkvb", "hf_dinov3"),
    "DINOv3 ConvNeXt-T": (lambda: hf.DINOv3ConvNextModel(hf.DINOv3ConvNextConfig()),
                          "tu-convnext_tiny", "hf_convnext"),
    "ConvNeXt-T": (lambda: hf.ConvNextForImageClassification(hf.ConvNextConfig()),
                   "tu-convnext_tiny", "hf_convnext"),
    "ConvNeXtV2-T": (lambda: hf.ConvNextV2Model(hf.ConvNextV2Config()),
                     "tu-convnextv2_tiny", "hf_convnext"),
    "Swin-T": (lambda: hf.SwinForImageClassification(hf.SwinConfig()),
               "tu-swin_tiny_patch4_window7_224", "hf_swin"),
    "SwinV2-T": (lambda: hf.Swinv2Model(hf.Swinv2Config(window_size=8, image_size=256)),
                 "tu-swinv2_tiny_window8_256", "hf_swin"),
    "SegFormer B1": (lambda: hf.SegformerForSemanticSegmentation(hf.SegformerConfig(
        hidden_sizes=[64, 128, 320, 512])), "mit_b1", "hf_segformer"),
    "EfficientNet-B3": (lambda: hf.EfficientNetForImageClassification(hf.EfficientNetConfig(
        width_coefficient=1.2, depth_coefficient=1.4, hidden_dim=1536)),
        "tu-tf_efficientnet_b3", "hf_efficientnet"),
    "ResNet-50": (lambda: hf.ResNetForImageClassification(hf.ResNetConfig()),
                  "resnet50", "hf_resnet"),
    "RegNetX-002": (lambda: hf.RegNetModel(hf.RegNetConfig(
        hidden_sizes=[24, 56, 152, 368], depths=[1, 1, 4, 7], groups_width=8, layer_type="x")),
        "tu-regnetx_002", "hf_regnet"),
    "SAM B": (lambda: hf.SamModel(hf.SamConfig()), "tu-samvit_base_patch16", "hf_vit"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_the_twin_of_a_network_of_transformers_is_found(name: str) -> None:
    build, encoder, conversion = SHAPES[name]
    with torch.device("meta"):
        model = build()
        tensors = published(model)
    for named in (tensors, model.state_dict()):  # names of the hub, and names in memory
        match = identified(named)
        assert match.complete and encoder in (match.encoder, *match.equal), match.encoder
        assert match.encoder == encoder and match.convert == conversion


def test_query_key_and_value_keep_their_places() -> None:
    model = randomised(hf.ViTModel(hf.ViTConfig(**TINY), add_pooling_layer=False))
    tensors = published(model)
    match = identified(tensors)
    qkv = loaded(match, tensors).state_dict()["model.blocks.3.attn.qkv.weight"]
    parts = [tensors[f"encoder.layer.3.attention.attention.{part}.weight"]
             for part in ("query", "key", "value")]  # fmt: skip
    assert torch.equal(qkv, torch.cat(parts))
