"""Encoders that a checkpoint may be of: names and shapes of their tensors, built without memory."""

import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from benchmark.errors import WeightsError, unknown_name
from benchmark.models.monai_names import MONAI_PARTS
from benchmark.models.networks import build_network
from benchmark.models.plugins.entry_points import plugged_encoder, plugin_names
from benchmark.models.torchvision_guard import import_torchvision
from benchmark.models.whole_networks import NAMED

import_torchvision()

import segmentation_models_pytorch as smp  # noqa: E402  (after the guard)
import timm  # noqa: E402

Shapes = dict[str, tuple[int, ...]]
Rules = tuple[tuple[str, str], ...]
COUNTER = "num_batches_tracked"
LARGEST_FAMILY = 160
ENOUGH_NAMES = 0.3
BUILT_AT = 256


@dataclass(frozen=True)
class Candidate:
    """An encoder and one way in which files name its tensors.

    Attributes:
        encoder: Its name on a card.
        own: Shapes of its tensors, under its own names, counters of batches left out.
        rules: What makes names of a file its own, in turn; `{}` stands for the file's prefix.
        start: What its own names begin with after the rules, as `key_prefix` says it.
    """

    encoder: str
    own: Shapes
    rules: Rules = ()
    start: str = ""


@lru_cache(maxsize=4096)
def encoder_shapes(encoder: str, channels: int) -> Shapes | None:
    """Shapes of an encoder's tensors; None where it cannot be built for so many channels."""
    return _shapes_of(lambda: build_encoder(encoder, channels))


@lru_cache
def decoder_shapes(encoder: str, channels: int, widths: tuple[int, ...]) -> Shapes | None:
    """Shapes of the tensors of the decoder that boards put over an encoder."""
    return _shapes_of(
        lambda: build_network(
            encoder, channels=channels, classes=1, input_size=BUILT_AT, decoder_channels=widths,
            encoder_depth=len(widths), normalisation_mean=(0.0,), normalisation_std=(1.0,),
        ).decoder
    )  # fmt: skip


def _shapes_of(build: Callable[[], nn.Module]) -> Shapes | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for device in ("meta", "cpu"):  # a few compute with values while they are built
            try:
                with torch.device(device):
                    return shapes(build())
            except Exception:  # of any library: no pyramid, other channels, an old name
                continue
    return None


def build_encoder(encoder: str, channels: int) -> nn.Module:
    """One encoder of depth 5, without a network around it."""
    if encoder in NAMED:
        return NAMED[encoder](channels, 2, BUILT_AT)[0]
    if encoder in plugin_names():
        return plugged_encoder(encoder, channels, 5)
    found: nn.Module = smp.encoders.get_encoder(
        encoder, in_channels=channels, depth=5, weights=None
    )
    return found


def shapes(module: nn.Module) -> Shapes:
    """Names and shapes of a module's tensors without the counters of batches."""
    state = nn.Module.state_dict(module)  # smp's encoders have their own, with side effects
    return {name: tuple(t.shape) for name, t in state.items() if not name.endswith(COUNTER)}


def usual_channels(encoder: str) -> int:
    """Input channels to compare with first: MONAI's networks take grey, the others colour."""
    return 1 if encoder in MONAI_PARTS else 3


def candidates(encoder: str, channels: int) -> Iterator[Candidate]:
    """The ways in which files may name the tensors of one encoder."""
    own = encoder_shapes(encoder, channels)
    if own is None:
        return
    if encoder in MONAI_PARTS:
        rules = tuple((rf"^{{}}{old}\.", f"{new}.") for old, new in MONAI_PARTS[encoder].items())
        yield Candidate(encoder, own, rules, "encoder.")
    elif encoder in plugin_names():
        yield Candidate(encoder, own, (("^{}", "body."),))
    elif encoder.startswith("tu-"):
        yield Candidate(encoder, own, _timm_rules(own))
    yield Candidate(encoder, own)
    roots = {name.partition(".")[0] for name in own}
    if len(roots) == 1 and not roots & {"model", "body"}:  # only `features` was saved
        yield Candidate(encoder, own, (("^{}", f"{roots.pop()}."),))


def _timm_rules(own: Iterable[str]) -> Rules:
    """Feature extractors of timm name `stages.0` `stages_0`, below `model.`."""
    inner = "model.model." if all(name.startswith("model.model.") for name in own) else "model."
    flat = (re.match(rf"{inner}([a-zA-Z]+)_\d+\.", name) for name in own)
    roots = "|".join(dict.fromkeys(match[1] for match in flat if match))
    rules: Rules = (("^{}", inner),)
    if roots:
        rules += ((rf"^{re.escape(inner)}({roots})\.(\d+)\.", rf"{inner}\1_\2."),)
    return rules


def common_encoders() -> list[str]:
    """The encoders that every checkpoint is compared with."""
    return [*smp.encoders.get_encoder_names(), *NAMED, *plugin_names()]


def timm_families(
    names: Callable[[Sequence[str]], float], progress: Callable[[int, int], None]
) -> list[str]:
    """Models of the two modules of timm of which one model's tensor names are most like a file's.

    Args:
        names: Share of given tensor names that the file has.
        progress: Told how many modules were looked at, and of how many.
    """
    found, modules = [], timm.list_modules()
    for number, module in enumerate(modules):
        progress(number, len(modules))
        models = timm.list_models(module=module)
        try:
            with torch.device("meta"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                first = shapes(timm.create_model(models[0])) if models else {}
        except Exception:  # a model that cannot be built says nothing
            continue
        if first and (share := names(list(first))) >= ENOUGH_NAMES:
            found.append((share, models))
    found.sort(key=lambda one: -one[0])
    return [f"tu-{name}" for _, models in found[:2] for name in models[:LARGEST_FAMILY]]


def timm_twins(encoder: str) -> list[str]:
    """Models of timm of the network that another library calls by this name."""
    plain = re.sub(r"^timm-|[-_]", "", encoder)
    return [f"tu-{name}" for name in timm.list_models(f"*{plain}*")]


def timm_weights(name: str) -> Any:
    """What timm knows of published weights: repository, file, statistics, licence.

    Raises:
        WeightsError: timm publishes no weights of that name.
    """
    known = timm.models.get_pretrained_cfg(name)
    if known is None or not known.hf_hub_id:
        models = {model.partition(".")[0] for model in timm.list_models(pretrained=True)}
        raise WeightsError(unknown_name("timm model with weights", name, models))
    return known


def elements(group: Iterable[tuple[int, ...]]) -> int:
    """Values in tensors of these shapes."""
    return sum(math.prod(shape) for shape in group)
