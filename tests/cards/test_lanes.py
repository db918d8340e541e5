"""The lane of an encoder, and what a board knows of its lanes."""

import warnings
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from support.lanes import FLAT, LANES, PROBE, lanes_board, protocol_data, shipped_source

from benchmark.cards.card import fingerprint
from benchmark.cards.lanes import encoder_lane
from benchmark.cards.protocol import FineTuningProtocol
from benchmark.models.encoders import encoder_families
from benchmark.models.vision_libraries import timm

MODELS: dict[str, list[str]] = {name: timm.list_models(module=name) for name in timm.list_modules()}


def test_all_models_of_a_module_of_timm_have_one_lane() -> None:
    for module, names in MODELS.items():
        assert len({encoder_lane(f"tu-{name}") for name in names}) <= 1, module
    assert {encoder_lane(name) for name in encoder_families()} == {"unet"}


@pytest.mark.slow
def test_maps_of_one_size_and_no_others_are_of_lane_dpt() -> None:
    wrong = {}
    for names in filter(None, MODELS.values()):
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = timm.create_model(names[0])
        strides = [info["reduction"] for info in getattr(model, "feature_info", ())]
        one_size = len(strides) > 3 and len(set(strides)) == 1
        if one_size != (encoder_lane(f"tu-{names[0]}") == "dpt"):
            wrong[names[0]] = strides
    assert wrong == {}


OLD = FineTuningProtocol.model_validate(protocol_data())


def test_both_versions_have_one_view() -> None:
    new = lanes_board().protocol
    assert list(OLD.decoders) == ["unet"] and list(new.decoders) == ["unet", "dpt", "linear"]
    assert OLD.decoders["unet"] == new.decoders["unet"]
    assert "lanes" not in OLD.model_dump() and not set(FLAT) & new.model_dump().keys()
    assert OLD.for_lane("unet") == OLD


def test_a_further_lane_changes_no_fingerprint() -> None:
    few, many = lanes_board(("unet",)), lanes_board()
    assert few.protocol_fingerprint() == many.protocol_fingerprint()
    assert len({many.protocol_fingerprint(lane) for lane in many.lanes}) == 3
    assert few.protocol_fingerprint() == fingerprint(few.protocol) != fingerprint(OLD)
    full = few.strategies["full"].model_dump() | {"lanes": ("unet",)}
    told = lanes_board(("unet",), strategies={"full": full})
    assert told.strategy_fingerprint("full") == few.strategy_fingerprint("full")


@pytest.mark.parametrize(
    ("name", "encoder", "expected"),
    [
        ("scratch", None, ["unet full", "dpt full", "linear probe"]),
        ("scratch", "resnet18", ["unet full", "linear probe"]),
        ("scratch", "tu-test_vit2", ["dpt full", "linear probe"]),
        ("scratch", "tu-test_resnet", ["linear probe"]),  # in lane unet it is `scratch`
        ("phantom_brain_segmentation", None, ["unet full", "linear probe"]),
        ("phantom_brain_segmentation", "tu-test_vit", ["dpt full", "linear probe"]),
    ],
)
def test_a_source_enters_the_lanes_of_its_network(
    name: str, encoder: str | None, expected: list[str]
) -> None:
    entries = lanes_board().entries_for(shipped_source(name, encoder))
    assert [f"{lane} {strategy}" for lane, strategy in entries] == expected


def test_scratch_has_the_network_of_the_lane_and_a_pretraining_has_its_own() -> None:
    def networks(name: str) -> list[str]:
        board, source = lanes_board(), shipped_source(name)
        return [board.encoder_of(source, lane) for lane in board.lanes]

    assert networks("scratch") == ["tu-test_resnet", "tu-test_vit", "tu-test_vit"]
    assert networks("phantom_brain_segmentation") == ["tu-test_resnet"] * 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "version 2 needs lanes"),
        ({"lanes": {"unet": LANES["unet"]}}, "version 1 needs encoder"),
        ({"encoder": None}, "version 1 needs encoder"),
    ],
)
def test_a_version_with_the_fields_of_the_other_is_an_error(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        FineTuningProtocol.model_validate(protocol_data() | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategies": {"full": {**PROBE, "lanes": ["unet"]}}}, "lane dpt has no strategy"),
        ({"strategies": {"full": {**PROBE, "lanes": ["unett"]}}}, "'unet', 'dpt' or 'linear'"),
        (
            {"strategies": {"a": {**PROBE, "train": ["encoder.0"]}}},
            "frozen encoder: train no part",
        ),
        ({"strategies": {"full.dpt": {**PROBE}}}, "may not contain a dot"),
        ({"strategies": {"a": PROBE, "A": PROBE}}, "'a' and 'A' differ in case only"),
        ({"strategies_of": {"scratch": ["ful"]}}, "unknown strategy 'ful'"),
        ({"seeds": [0, 1, 0]}, "0 comes twice"),
        ({"sources": ["scratch", "scratch"]}, "'scratch' comes twice"),
        ({"protocol": protocol_data() | {"learning_rates": [-0.1]}}, "greater than 0"),
        ({"protocol": protocol_data() | {"weight_decay": -0.1}}, "greater than or equal to 0"),
        ({"sequences": {"one": [["phantom_fetal_head_64"]]}}, "sequences need one lane"),
        ({"train_subjects_of": {"nothing": [0]}}, "train_subjects_of: unknown target 'nothing'"),
        ({"train_subjects_of": {"phantom_fetal_head_64": [3]}}, "train_subjects_of: unknown size"),
    ],
)
def test_a_board_that_contradicts_itself_is_an_error(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        lanes_board(**changes)
