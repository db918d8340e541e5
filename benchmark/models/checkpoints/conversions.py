"""Conversions: how other libraries name the tensors of networks that timm or torchvision has too.

A card names the conversion (`weights.convert`); `convert` applies it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Rule = tuple[str, str | Callable[[re.Match[str]], str]]
TIMM = "timm"
"""The conversion that is timm's own: from the names of a model's authors."""


@dataclass(frozen=True)
class Conversion:
    """The names of one family of another library.

    Attributes:
        marks: Regular expression that some name of such a file matches.
        rules: Regular expressions and replacements, applied to every name in turn; where they
            depend on the network, a function of its tensors' names.
        prefers: Regular expression of the encoder that these weights are usually of, where others
            have the same names and shapes.
    """

    marks: str
    rules: Sequence[Rule] | Callable[[Sequence[str]], Sequence[Rule]]
    prefers: str = ""


def _stage(template: str, *added: int) -> Callable[[re.Match[str]], str]:
    """Numbers of stages and blocks, to each of which a constant is added."""
    return lambda match: template.format(
        *(int(number) + more for number, more in zip(match.groups(), added, strict=True))
    )


_NORMS: tuple[Rule, ...] = (
    (r"\.(layernorm_before|layer_norm1)\.", ".norm1."),
    (r"\.(layernorm_after|layer_norm2)\.", ".norm2."),
    (r"^(layernorm|post_layernorm)\.", "norm."),
)
_ATTENTION: tuple[Rule, ...] = (
    (r"\.(attention\.output\.dense|(attention|self_attn)\.(o_proj|out_proj))\.", ".attn.proj."),
    (r"\.(attention\.self|attention\.attention|attention|self_attn)\.", ".attn."),
    (r"\.attn\.(query|key|value)\.", lambda match: f".attn.{match[1][0]}."),
    (r"\.attn\.([qkv])_proj\.", r".attn.\1."),
    (r"(\.attn)?\.relative_position_bias\.(?=relative_)", ".attn."),
    (r"\.(intermediate\.dense|mlp\.up_proj|mlp\.lin1)\.", ".mlp.fc1."),
    (r"\.(output\.dense|mlp\.down_proj|mlp\.lin2)\.", ".mlp.fc2."),
)
_VIT: tuple[Rule, ...] = (
    (r"^embeddings\.(cls_token|class_embedding)$", "cls_token"),
    (r"^embeddings\.position_embeddings?(\.weight)?$", "pos_embed"),
    (r"^(embeddings\.)?patch_embed(ding|dings)?\.(projection\.)?", "patch_embed.proj."),
    (r"^embeddings\.distillation_token$", "dist_token"),
    (r"^embeddings\.(register_tokens|mask_token)$", r"\1"),
    (r"^pre_layrnorm\.", "norm_pre."),
    (r"^(encoder\.|model\.)?layers?\.(\d+)\.", r"blocks.\2."),
    (r"^neck\.conv(\d)\.", lambda match: f"neck.{2 * int(match[1]) - 2}."),
    (r"^neck\.layer_norm(\d)\.", lambda match: f"neck.{2 * int(match[1]) - 1}."),
    *_ATTENTION,
    *_NORMS,
    (r"\.layer_scale(\d)\.lambda1$", r".ls\1.gamma"),
    (r"\.lambda_(\d)$", r".gamma_\1"),
    (r"\.mlp\.weights_in\.", ".mlp.w12."),
    (r"\.mlp\.weights_out\.", ".mlp.w3."),
)
_BATCH_NORM: tuple[Rule, ...] = ((r"\.convolution\.", ".conv."), (r"\.normalization\.", ".bn."))
_CONVNEXT: tuple[Rule, ...] = (
    (r"^(model\.)?stages\.0\.downsample_layers\.", "stem."),
    (r"^embeddings\.patch_embeddings\.", "stem.0."),
    (r"^embeddings\.layernorm\.", "stem.1."),
    (r"^((encoder|model)\.)?stages\.(\d+)\.layers\.(\d+)\.", r"stages.\3.blocks.\4."),
    (r"^((encoder|model)\.)?stages\.(\d+)\.downsampl(ing_layer|e_layers)\.",
     r"stages.\3.downsample."),
    (r"\.(dwconv|depthwise_conv)\.", ".conv_dw."),
    (r"\.(pwconv|pointwise_conv)([12])\.", r".mlp.fc\2."),
    (r"\.(layernorm|layer_norm)\.", ".norm."),
    (r"\.grn\.", ".mlp.grn."),
    (r"\.layer_scale_parameter$", ".gamma"),
)  # fmt: skip
_TORCHVISION_MOBILENET: tuple[Rule, ...] = (
    (r"\.convolution\.", ".0."),
    (r"\.normalization\.", ".1."),
    (r"^conv_stem\.first_conv\.", "features.0."),
    (r"^conv_stem\.conv_3x3\.", "features.1.conv.0."),
    (r"^conv_stem\.reduce_1x1\.([01])\.", _stage("features.1.conv.{}.", 1)),
    (r"^layer\.(\d+)\.expand_1x1\.", _stage("features.{}.conv.0.", 2)),
    (r"^layer\.(\d+)\.conv_3x3\.", _stage("features.{}.conv.1.", 2)),
    (r"^layer\.(\d+)\.reduce_1x1\.([01])\.", _stage("features.{}.conv.{}.", 2, 2)),
    (r"^conv_1x1\.", "features.18."),
)


def _efficientnet(plain: Sequence[str]) -> Sequence[Rule]:
    """Names of efficientnet_pytorch, whose blocks are numbered through all stages."""
    matches = (re.match(r"blocks\.(\d+\.\d+)\.", name) for name in plain)
    blocks = list(dict.fromkeys(match[1] for match in matches if match))
    return (
        (r"^_blocks\.(\d+)\.",
         lambda m: f"blocks.{blocks[int(m[1])] if int(m[1]) < len(blocks) else m[1]}."),
        (r"^_conv_(stem|head)\.", r"conv_\1."),
        (r"^_bn([01])\.", _stage("bn{}.", 1)),
        (r"^(blocks\.0\.\d+)\._project_conv\.", r"\1.conv_pw."),
        (r"^(blocks\.0\.\d+)\._bn([12])\.", r"\1.bn\2."),
        (r"\._bn([012])\.", _stage(".bn{}.", 1)),
        (r"\._expand_conv\.", ".conv_pw."),
        (r"\._depthwise_conv\.", ".conv_dw."),
        (r"\._project_conv\.", ".conv_pwl."),
        (r"\._se_(reduce|expand)\.", r".se.conv_\1."),
    )  # fmt: skip


def _hf_efficientnet(plain: Sequence[str]) -> Sequence[Rule]:
    """Names of transformers, by way of those of efficientnet_pytorch."""
    return (
        (r"^embeddings\.convolution\.", "_conv_stem."),
        (r"^embeddings\.batchnorm\.", "_bn0."),
        (r"^encoder\.top_conv\.", "_conv_head."),
        (r"^encoder\.top_bn\.", "_bn1."),
        (r"^encoder\.blocks\.", "_blocks."),
        (r"\.expansion\.expand_bn\.", "._bn0."),
        (r"\.depthwise_conv\.depthwise_norm\.", "._bn1."),
        (r"\.projection\.project_bn\.", "._bn2."),
        (r"\.(?:expansion|depthwise_conv|projection)\.(\w+_conv)\.", r"._\1."),
        (r"\.squeeze_excite\.(reduce|expand)\.", r"._se_\1."),
        *_efficientnet(plain),
    )


_BLOCK = r"^encoder\.stages\.(\d+)\.layers\.(\d+)\."

CONVERSIONS: dict[str, Conversion] = {
    TIMM: Conversion("", ()),
    "hf_vit": Conversion(
        r"^(encoder\.layer|(encoder\.)?layers)\.\d+\.(attention|self_attn|attn)\.", _VIT
    ),
    "hf_clip": Conversion(r"^embeddings\.class_embedding$", _VIT, prefers="quickgelu"),
    "hf_siglip": Conversion(r"^head\.probe$", _VIT, prefers="siglip_\\d"),
    "hf_dinov3": Conversion(
        r"^(model\.)?layer\.\d+\.mlp\.(up|gate)_proj\.",
        ((r"^embeddings\.register_tokens$", "storage_tokens"), *_VIT),
        prefers="dinov3",
    ),
    "dinov2_registers": Conversion(r"^register_tokens$", ()),
    "dinov3": Conversion(r"^storage_tokens$", (), prefers="dinov3"),
    "open_clip": Conversion(r"^class_embedding$", ((r"^", "visual."),)),
    "sam": Conversion(r"^blocks\.\d+\.mlp\.lin1\.", ((r"\.mlp\.lin", ".mlp.fc"),)),
    "hf_swin": Conversion(
        r"^encoder\.layers\.\d+\.blocks\.\d+\.",
        (
            (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
            (r"^embeddings\.norm\.", "patch_embed.norm."),
            (r"^encoder\.layers\.(\d+)\.downsample\.", _stage("layers.{}.downsample.", 1)),
            (r"^encoder\.", ""),
            (r"\.continuous_position_bias_mlp\.", ".cpb_mlp."),
            *_ATTENTION,
            *_NORMS,
        ),
    ),
    "hf_segformer": Conversion(
        r"\.mlp\.dwconv\.dwconv\.",
        (
            (r"^encoder\.patch_embeddings\.(\d)\.", _stage("patch_embed{}.", 1)),
            (r"^encoder\.block\.(\d)\.", _stage("block{}.", 1)),
            (r"^encoder\.layer_norm\.(\d)\.", _stage("norm{}.", 1)),
            (r"^stages\.(\d)\.patch_embeddings\.", _stage("patch_embed{}.", 1)),
            (r"^stages\.(\d)\.blocks\.", _stage("block{}.", 1)),
            (r"^stages\.(\d)\.layer_norm\.", _stage("norm{}.", 1)),
            (
                r"\.sequence_reduction\.(?:(layer_norm)|\w+)\.",
                lambda match: f".{match[1] or 'sr'}.",
            ),
            (r"\.attention\.(output\.dense|o_proj)\.", ".attn.proj."),
            (r"\.attention\.(self\.query|q_proj)\.", ".attn.q."),
            (r"\.attention\.k_proj\.", ".attn.key."),
            (r"\.attention\.v_proj\.", ".attn.value."),
            (r"\.attention\.(self\.)?", ".attn."),
            *_NORMS,
            (r"\.layer_norm(_(\d))?\.", lambda match: f".norm{match[2] or ''}."),
            (r"\.mlp\.dense(\d)\.", r".mlp.fc\1."),
        ),
    ),
    "hf_convnext": Conversion(
        r"^((encoder|model)\.)?stages\.\d+\.layers\.\d+\.(dwconv|depthwise_conv)\.", _CONVNEXT
    ),
    "hf_resnet": Conversion(
        _BLOCK + r"layer\.\d+\.convolution\.",
        (
            (r"^embedder\.embedder\.convolution\.", "conv1."),
            (r"^embedder\.embedder\.normalization\.", "bn1."),
            (_BLOCK, _stage("layer{}.{}.", 1, 0)),
            (r"\.shortcut\.convolution\.", ".downsample.0."),
            (r"\.shortcut\.normalization\.", ".downsample.1."),
            (r"\.layer\.(\d+)\.convolution\.", _stage(".conv{}.", 1)),
            (r"\.layer\.(\d+)\.normalization\.", _stage(".bn{}.", 1)),
        ),
    ),
    "hf_mobilenet_v2": Conversion(r"^conv_stem\.first_conv\.", _TORCHVISION_MOBILENET),
    "efficientnet_pytorch": Conversion(
        r"^_blocks\.\d+\._depthwise_conv\.",
        _efficientnet,
        prefers=r"^(?!tu-(?!tf_))",  # converted from TensorFlow
    ),
    "hf_efficientnet": Conversion(
        r"^encoder\.blocks\.\d+\.depthwise_conv\.depthwise_norm\.",
        _hf_efficientnet,
        prefers=r"^(?!tu-(?!tf_))",
    ),
    "hf_regnet": Conversion(
        _BLOCK + r"layer\.\d+\.convolution\.",
        (
            *_BATCH_NORM,
            (r"^embedder\.embedder\.", "stem."),
            (_BLOCK, _stage("s{}.b{}.", 1, 1)),
            (r"\.shortcut\.", ".downsample."),
            (r"\.layer\.([01])\.(conv|bn)\.", lambda m: f".conv{int(m[1]) + 1}.{m[2]}."),
            (r"\.layer\.[23]\.(conv|bn)\.", r".conv3.\1."),
            (r"\.layer\.2\.attention\.0\.", ".se.fc1."),
            (r"\.layer\.2\.attention\.2\.", ".se.fc2."),
        ),
    ),
}


def matching_conversions(names: Iterable[str]) -> list[str]:
    """Conversions whose marks some of the names bear, other than timm's own."""
    names = list(names)
    return [
        conversion
        for conversion, family in CONVERSIONS.items()
        if conversion != TIMM and any(re.search(family.marks, name) for name in names)
    ]
