"""Models of timm: those like a checkpoint, and their published weights."""

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch

from benchmark.errors import WeightsError, unknown_name
from benchmark.models.encoders import TIMM_PREFIX, tensor_shapes
from benchmark.models.vision_libraries import timm
from benchmark.workers import Progress

MODELS_PER_MODULE = 160
LEAST_SHARED_NAMES = 0.3


def similar_timm_models(
    shared_names: Callable[[Sequence[str]], float], progress: Progress
) -> list[str]:
    """Encoders of the two modules of timm whose tensor names are most like a checkpoint's.

    One model of each module is compared.

    Args:
        shared_names: The share of given tensor names that the checkpoint has.
        progress: Receives the number of modules compared, and of all.
    """
    similar, modules = [], timm.list_modules()
    for number, module in enumerate(modules):
        progress("looking at timm", number, len(modules))
        models = timm.list_models(module=module)
        try:
            with torch.device("meta"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                names = list(tensor_shapes(timm.create_model(models[0]))) if models else []
        except Exception:  # a model that cannot be built is not compared
            continue
        if names and (share := shared_names(names)) >= LEAST_SHARED_NAMES:
            similar.append((share, models))
    similar.sort(key=lambda pair: -pair[0])
    return [f"{TIMM_PREFIX}{name}" for _, models in similar[:2]
            for name in models[:MODELS_PER_MODULE]]  # fmt: skip


def timm_equivalents(encoder: str) -> list[str]:
    """Encoders of timm of the network that another library calls by this name."""
    plain = re.sub(r"^timm-|[-_]", "", encoder)
    return [f"{TIMM_PREFIX}{name}" for name in timm.list_models(f"*{plain}*")]


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
