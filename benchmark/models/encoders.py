"""Encoder families: how an encoder is built, and how public files name its tensors."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from benchmark.cards.lanes import encoder_lane
from benchmark.errors import WeightsError, unknown_name
from benchmark.models.meta_device import build_without_memory
from benchmark.models.monai_networks import MONAI_NETWORKS
from benchmark.models.patch_encoders import PatchEncoder
from benchmark.models.plain_networks import PLAIN_NETWORKS, NetworkParts
from benchmark.models.plugins.entry_points import plugged_encoder, plugin_names
from benchmark.models.vision_libraries import smp, timm

TensorShapes = dict[str, tuple[int, ...]]
RenameRules = tuple[tuple[str, str], ...]
BATCH_COUNTER = "num_batches_tracked"
TIMM_PREFIX = "tu-"
DEPTH, SIZE = 5, 256
PATCH_MAPS, PIXELS_PER_PATCH = 4, 16


@dataclass(frozen=True)
class TensorNaming:
    """One way in which files name the tensors of an encoder.

    Attributes:
        rules: Regular expressions and replacements that, applied in turn, give the encoder's own
            names; `{}` stands for the prefix that all names of the file have.
        key_prefix: What the own names begin with after the rules.
    """

    rules: RenameRules = ()
    key_prefix: str = ""

    def for_prefix(self, prefix: str) -> RenameRules:
        """The rules for a file whose names begin with a prefix."""
        return tuple((rule.replace("{}", re.escape(prefix)), name) for rule, name in self.rules)


@dataclass(frozen=True, kw_only=True)
class EncoderFamily:
    """The encoders of one library.

    Attributes:
        names: Names of the encoders with which every checkpoint is compared.
        encoder: Builds an encoder from its name, input channels, depth and image size; None for
            the size of published weights.
        network: Builds a complete network from its name, input channels, classes and image size;
            None where the network is a U-Net over the encoder.
        namings: How files name the tensors of an encoder, from its name and its own tensor names;
            files that use the own names need none.
        usual_channels: Input channels of most public checkpoints.
    """

    names: Callable[[], Collection[str]]
    encoder: Callable[[str, int, int, int | None], nn.Module]
    network: Callable[[str, int, int, int], NetworkParts] | None = None
    namings: Callable[[str, Collection[str]], tuple[TensorNaming, ...]] = lambda name, own: ()
    usual_channels: int = 3


def _timm_naming(name: str, own: Collection[str]) -> tuple[TensorNaming, ...]:
    """Feature extractors of timm name `stages.0` `stages_0`, below `model.`."""
    inner = "model.model." if all(name.startswith("model.model.") for name in own) else "model."
    flat = (re.match(rf"{inner}([a-zA-Z]+(?=_\d+\.)|features(?=_))", name) for name in own)
    roots = "|".join(dict.fromkeys(match[1] for match in flat if match))
    rules: RenameRules = (("^{}", inner),)
    if roots:
        rules += ((rf"^{re.escape(inner)}({roots})\.(\w+)\.", rf"{inner}\1_\2."),)
    return (TensorNaming(rules),)


def _monai_naming(name: str, own: Collection[str]) -> tuple[TensorNaming, ...]:
    modules = MONAI_NETWORKS[name].modules
    rules = tuple((rf"^{{}}{monai}\.", f"{ours}.") for monai, ours in modules.items())
    return (TensorNaming(rules, "encoder."),)


def _smp_encoder(name: str, channels: int, depth: int, **options: Any) -> nn.Module:
    encoder: nn.Module = smp.encoders.get_encoder(
        name, in_channels=channels, depth=depth, weights=None, **options
    )
    return encoder


SMP = EncoderFamily(
    names=smp.encoders.get_encoder_names,
    encoder=lambda name, channels, depth, size: _smp_encoder(name, channels, depth),
)
"""segmentation-models-pytorch; most encoders have the names and tensors of torchvision."""


_accepted: dict[tuple[str, int], dict[str, Any]] = {}  # options of a model for images of a size


def _timm_encoder(name: str, channels: int, depth: int, size: int | None) -> nn.Module:
    """A feature pyramid of timm for images of a size, or the patch encoder of a plain transformer.

    Swin transformers keep their windows at any size; Hiera, MaxViT and others are built for one.
    """
    if encoder_lane(name) == "dpt":
        model = name.removeprefix(TIMM_PREFIX)
        return PatchEncoder(model, channels, PATCH_MAPS, pixels_per_patch=PIXELS_PER_PATCH)
    if size is None:
        return _smp_encoder(name, channels, depth)
    state, problem = torch.get_rng_state(), ""
    choices: tuple[dict[str, Any], ...] = ({"dynamic_img_size": True}, {"img_size": size}, {})
    for options in (_accepted[name, size],) if (name, size) in _accepted else choices:
        try:
            encoder = _smp_encoder(name, channels, depth, **options)
            _accepted[name, size] = options
            return encoder
        except Exception as error:  # no such argument, or no pyramid
            torch.set_rng_state(state)
            problem = (str(error).splitlines() or [type(error).__name__])[0]
    raise WeightsError(f"encoder {name!r}: gives no feature pyramid ({problem}); choose another")


TIMM = replace(SMP, names=tuple, encoder=_timm_encoder, namings=_timm_naming)
"""Names are `tu-` and a model of timm."""

ENCODERS: tuple[EncoderFamily, ...] = (
    SMP,
    TIMM,
    EncoderFamily(
        names=PLAIN_NETWORKS.keys,
        encoder=lambda name, channels, depth, size: PLAIN_NETWORKS[name](channels, 1)[0],
        network=lambda name, channels, classes, size: PLAIN_NETWORKS[name](channels, classes),
    ),
    EncoderFamily(
        names=MONAI_NETWORKS.keys,
        encoder=lambda name, channels, depth, size: MONAI_NETWORKS[name].parts(
            channels, 1, size or SIZE
        )[0],
        network=lambda name, *shape: MONAI_NETWORKS[name].parts(*shape),
        namings=_monai_naming,
        usual_channels=1,
    ),
    EncoderFamily(
        names=plugin_names,
        encoder=lambda name, channels, depth, size: plugged_encoder(name, channels, depth),
        namings=lambda name, own: (TensorNaming((("^{}", "body."),)),),
    ),
)
"""A name of two families is of the last: an installed package replaces an encoder."""


def encoder_families() -> dict[str, EncoderFamily]:
    """The families of all encoders that have a name of their own, in the order of the table."""
    return {name: family for family in ENCODERS for name in family.names()}


def is_encoder(name: str) -> bool:
    """Whether an encoder has that name."""
    is_timm = name.startswith(TIMM_PREFIX) and timm.is_model(name.removeprefix(TIMM_PREFIX))
    return is_timm or name in encoder_families()


def encoder_family(encoder: str) -> EncoderFamily:
    """The family of an encoder.

    Raises:
        WeightsError: No encoder has that name; near matches are suggested.
    """
    families = encoder_families()
    if encoder in families:
        return families[encoder]
    if not encoder.startswith(TIMM_PREFIX):
        raise WeightsError(unknown_name("encoder", encoder, families))
    model = encoder.removeprefix(TIMM_PREFIX)
    if not timm.is_model(model):
        suggestion = unknown_name("timm model", model, timm.list_models())
        raise WeightsError(f"encoder {encoder!r}: {suggestion}")
    return TIMM


def encoder_and_tag(text: str) -> tuple[str, str]:
    """An encoder from its name here or in timm, and the tag of timm's weights if it is given.

    `convnext_tiny`, `tu-convnext_tiny` and `vit_base_patch16_224.mae` are names of timm.

    Raises:
        WeightsError: No encoder has that name; near matches are suggested.
    """
    families = encoder_families()
    if text in families:
        return text, ""
    model, _, tag = text.removeprefix(TIMM_PREFIX).partition(".")
    if not timm.is_model(model):
        raise WeightsError(unknown_name("encoder", text, [*families, *timm.list_models()]))
    return f"{TIMM_PREFIX}{model}", tag


def build_encoder(encoder: str, channels: int, depth: int = DEPTH, size: int = SIZE) -> nn.Module:
    """A randomly initialised encoder without a network around it.

    Raises:
        WeightsError: No encoder has that name.
    """
    return encoder_family(encoder).encoder(encoder, channels, depth, size)


def tensor_namings(encoder: str, own: Collection[str]) -> Iterator[TensorNaming]:
    """The ways in which files may name the tensors of an encoder.

    Args:
        encoder: Its name.
        own: Names of its tensors.
    """
    yield from encoder_family(encoder).namings(encoder, own)
    yield TensorNaming()
    roots = {name.partition(".")[0] for name in own}
    if len(roots) == 1 and not roots & {"model", "body"}:  # only `features` was saved
        yield TensorNaming((("^{}", f"{roots.pop()}."),))


@lru_cache(maxsize=4096)
def encoder_shapes(encoder: str, channels: int) -> TensorShapes | None:
    """Shapes of an encoder's tensors at the size of published weights.

    None if it cannot be built for so many channels.
    """
    return shapes_of_built(lambda: encoder_family(encoder).encoder(encoder, channels, DEPTH, None))


def shapes_of_built(build: Callable[[], nn.Module]) -> TensorShapes | None:
    """Shapes of the tensors of a module, built without memory if it can be; None if it cannot."""
    built = build_without_memory(build)
    return None if built is None else tensor_shapes(built)


def tensor_shapes(module: nn.Module) -> TensorShapes:
    """Names and shapes of a module's tensors without the batch counters."""
    state = nn.Module.state_dict(module)  # smp's encoders have their own, with side effects
    return without_counters({name: tuple(tensor.shape) for name, tensor in state.items()})


def without_counters(shapes: TensorShapes) -> TensorShapes:
    """The shapes without the batch counters, which older checkpoints lack."""
    return {name: shape for name, shape in shapes.items() if not name.endswith(BATCH_COUNTER)}
