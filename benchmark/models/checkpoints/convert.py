"""Tensors of other libraries under the names and in the form that an encoder has."""

import re
from collections.abc import Mapping, Sequence

import torch

from benchmark.cards.source import WeightsFile
from benchmark.errors import WeightsError, unknown_name
from benchmark.models import encoders
from benchmark.models.checkpoints.conversions import CONVERSIONS
from benchmark.models.checkpoints.network_index import Shape, plain_name, without_unit_axes
from benchmark.models.encoders import TIMM_PREFIX, TensorShapes
from benchmark.models.timm_models import converted_by_timm
from benchmark.models.weights import renamed, renamed_key

JOINED = {"qkv": ("q", "k", "v"), "kv": ("key", "value")}  # projections in one tensor


def encoder_tensors(
    tensors: Mapping[str, torch.Tensor], weights: WeightsFile, encoder: str, channels: int
) -> tuple[Mapping[str, torch.Tensor], str, tuple[str, ...]]:
    """A checkpoint's tensors as its card says that they are renamed and converted.

    Returns:
        The tensors, the prefix below which they have the encoder's names, and the names of those
        that were resampled.

    Raises:
        WeightsError: Rules or conversion do not fit these tensors.
    """
    named = renamed(tensors, weights.rename)
    if not weights.convert:
        return named, weights.key_prefix, ()
    if weights.convert not in CONVERSIONS:
        raise WeightsError(unknown_name("conversion", weights.convert, CONVERSIONS))
    prefix = weights.key_prefix
    below = {name for name in named if name.startswith(prefix)}
    converted, resampled = convert(
        {name.removeprefix(prefix): named[name] for name in named if name in below},
        weights.convert, encoder, channels,
    )  # fmt: skip
    others = {name: named[name] for name in named if name not in below}
    return others | converted, "", resampled


def convert(
    tensors: Mapping[str, torch.Tensor], conversion: str, encoder: str, channels: int
) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    """Tensors under an encoder's own names, and the names of those that were resampled.

    Position embeddings of another grid are resampled by timm to that of the encoder.

    Args:
        tensors: By the names of the other library, without a prefix.
        conversion: Name of `CONVERSIONS`.
        encoder: Name of the encoder.
        channels: Its input channels.

    Raises:
        WeightsError: timm cannot convert these tensors.
    """
    own = encoders.encoder_shapes(encoder, channels) or {}
    named = _renamed(tensors, conversion, [plain_name(name) for name in own])
    resampled: tuple[str, ...] = ()
    if encoder.startswith(TIMM_PREFIX):
        converted = converted_by_timm(named, encoder.removeprefix(TIMM_PREFIX), channels)
        resampled = _resampled(converted, named)
        named = converted
    best = max(
        ({renamed_key(name, naming.for_prefix("")).removeprefix(naming.key_prefix): tensor
          for name, tensor in named.items()} for naming in encoders.tensor_namings(encoder, own)),
        key=lambda candidate: len(candidate.keys() & own.keys()),
    )  # fmt: skip
    return {
        name: _with_unit_axes(tensor, own.get(name)) for name, tensor in best.items()
    }, resampled


def convert_shapes(
    shapes: TensorShapes, conversion: str, encoder: str, channels: int
) -> tuple[TensorShapes, tuple[str, ...]]:
    """As `convert`, of shapes alone."""
    tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    converted, resampled = convert(tensors, conversion, encoder, channels)
    return {name: tuple(tensor.shape) for name, tensor in converted.items()}, resampled


def renamed_shapes(shapes: TensorShapes, conversion: str) -> TensorShapes:
    """Shapes under the names of a conversion, before timm's own and without an encoder."""
    tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    named = _renamed(tensors, conversion, ())
    if "register_tokens" in named and "pos_embed" in named:  # timm: none for the class token
        named["pos_embed"] = named["pos_embed"][:, 1:]
    return {name: tuple(tensor.shape) for name, tensor in named.items()}


def _renamed(
    tensors: Mapping[str, torch.Tensor], conversion: str, plain: Sequence[str]
) -> dict[str, torch.Tensor]:
    """Under the names that the rules give, with query, key and value joined."""
    rules = CONVERSIONS[conversion].rules
    if callable(rules):
        rules = rules(plain)
    named = dict[str, torch.Tensor]()
    for name, tensor in tensors.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        named[name] = tensor[None] if name == "pos_embed" and tensor.ndim == 2 else tensor
    for joined, parts in JOINED.items():
        for name in [name for name in named if f".attn.{parts[0]}." in name]:
            names = [name.replace(f".attn.{parts[0]}.", f".attn.{part}.") for part in parts]
            present = [part for part in names if part in named]
            if present == names:
                tensor = torch.cat([named.pop(part) for part in names])
                named[name.replace(f".attn.{parts[0]}.", f".attn.{joined}.")] = tensor
            elif len(present) > 1:  # keys have no bias
                for part in present:
                    named[re.sub(r"\.([qv])\.bias$", r".\1_bias", part)] = named.pop(part)
    return named


def _resampled(
    tensors: Mapping[str, torch.Tensor], given: Mapping[str, torch.Tensor]
) -> tuple[str, ...]:
    """Names of tensors given in no such shape; a class token more or less is no difference."""
    given_shapes = {without_unit_axes(tensor.shape) for tensor in given.values()}
    positions = {without_unit_axes(tensor.shape) for name, tensor in given.items() if "pos" in name}
    shapes = {name: without_unit_axes(tensor.shape) for name, tensor in tensors.items()}
    return tuple(
        name
        for name, shape in shapes.items()
        if shape not in given_shapes and not any(_differ_by_one(shape, p) for p in positions)
    )


def _differ_by_one(shape: Shape, other: Shape) -> bool:
    """Whether each axis is as long as the other's, or one longer or shorter."""
    return len(shape) == len(other) and all(
        abs(length - size) <= 1 for length, size in zip(shape, other, strict=True)
    )


def _with_unit_axes(tensor: torch.Tensor, shape: Sequence[int] | None) -> torch.Tensor:
    """The tensor in a shape that differs in axes of length 1 only."""
    if shape is not None and without_unit_axes(tensor.shape) == without_unit_axes(shape):
        return tensor.reshape(tuple(shape))
    return tensor
