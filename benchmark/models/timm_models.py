"""Models of timm: their published weights, and how timm reads files of their authors."""

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import lru_cache
from io import StringIO
from typing import Any

import torch
from torch import nn

from benchmark.errors import WeightsError, unknown_name
from benchmark.models.meta_device import on_meta_device
from benchmark.models.vision_libraries import timm


@lru_cache(maxsize=16)
def timm_on_meta(name: str, channels: int) -> nn.Module:
    """A model of timm without classifier, built without memory."""
    with on_meta_device():
        model: nn.Module = timm.create_model(name, in_chans=channels, num_classes=0)
    return model


def converted_by_timm(
    tensors: Mapping[str, torch.Tensor], name: str, channels: int
) -> dict[str, torch.Tensor]:
    """Tensors under timm's names, by the function with which timm reads files of their authors.

    Position embeddings of another grid are resampled.

    Raises:
        WeightsError: The function does not know such tensors.
    """
    module = sys.modules[timm.models.model_entrypoint(name).__module__]
    function = getattr(module, "checkpoint_filter_fn", None)
    if function is None:
        return dict(tensors)
    try:
        with redirect_stdout(StringIO()):
            converted: dict[str, torch.Tensor] = function(
                dict(tensors), timm_on_meta(name, channels)
            )
    except Exception as error:  # written for the files of some models only
        raise WeightsError(f"timm cannot convert these tensors for {name} ({error})") from None
    return converted


def timm_weights(name: str) -> Any:
    """The published weights of a timm model: repository, file, statistics and licence.

    Raises:
        WeightsError: timm publishes no weights of that name.
    """
    published = timm.models.get_pretrained_cfg(name)
    if published is None or not published.hf_hub_id:
        models = {model.partition(".")[0] for model in timm.list_models(pretrained=True)}
        raise WeightsError(unknown_name("timm model with weights", name, models))
    return published


def timm_statistics(name: str, tag: str = "") -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and standard deviation that timm states for the published weights of a model.

    Args:
        name: Of the model.
        tag: Of the weights (`mae`); empty for all of the model.

    Returns:
        None if timm publishes none, or their statistics differ.

    Raises:
        WeightsError: The model has no weights of that tag.
    """
    published = timm.models._registry.get_arch_pretrained_cfgs(name)
    tags = {full.partition(".")[2]: config for full, config in published.items()}
    if tag and tag not in tags:
        raise WeightsError(unknown_name(f"tag of timm's {name}", tag, filter(None, tags)))
    chosen = [tags[tag]] if tag else tags.values()
    statistics = {(tuple(config.mean), tuple(config.std)) for config in chosen}
    return statistics.pop() if len(statistics) == 1 else None
