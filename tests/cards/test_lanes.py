"""The lane of an encoder, and what a board knows of its lanes."""

import warnings
from collections import defaultdict

import pytest
import torch
from support.factories import board, shipped_registry
from timm.models._registry import _model_to_module

from benchmark.cards.lanes import encoder_lane
from benchmark.models.encoders import encoder_families
from benchmark.models.vision_libraries import timm


def modules() -> dict[str, list[str]]:
    """The models of each module of the installed timm."""
    models = defaultdict(list)
    for name in timm.list_models():
        models[_model_to_module[name]].append(name)
    return dict(models)


def test_all_models_of_a_module_of_timm_have_one_lane() -> None:
    for module, names in modules().items():
        assert len({encoder_lane(f"tu-{name}") for name in names}) == 1, module
    assert {encoder_lane(name) for name in encoder_families()} == {"unet"}


@pytest.mark.slow
def test_maps_of_one_size_and_no_others_are_of_lane_dpt() -> None:
    wrong = {}
    for names in modules().values():
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = timm.create_model(names[0])
        strides = [info["reduction"] for info in getattr(model, "feature_info", ())]
        one_size = len(strides) > 3 and len(set(strides)) == 1
        if one_size != (encoder_lane(f"tu-{names[0]}") == "dpt"):
            wrong[names[0]] = strides
    assert wrong == {}
