"""Reference outputs: numbers of the weights' own library, held against our network's."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.factories import shipped_registry
from support.sources import encoder_tensors, stored_source

from benchmark.cards.source import ReferenceOutputs
from benchmark.models.vision_libraries import timm
from benchmark.sources.mini_board import MiniBoard
from benchmark.sources.reference import (
    check_reference,
    differences,
    reference_input,
    reference_outputs,
)
from benchmark.workspace import Workspace

SIZE = 64


def timm_features() -> torch.Tensor:
    """The deepest map of timm's own model with the weights of `encoder_tensors`."""
    model = timm.create_model("test_resnet", num_classes=0, global_pool="").eval()
    state = {name.removeprefix("model."): t for name, t in encoder_tensors().items()}
    model.load_state_dict(state)
    with torch.inference_mode():
        features: torch.Tensor = model.forward_features(reference_input(3, SIZE))
    return features


def outcome(home: Path, stated: ReferenceOutputs | None, **changes: Any) -> Any:
    if stated:
        changes["reference"] = stated.model_dump(mode="json")
    card = stored_source(home, encoder_tensors(), **changes)
    return check_reference(MiniBoard(Workspace(shipped_registry(), home), card))


def test_the_input_runs_evenly_from_minus_two_to_two() -> None:
    values = reference_input(3, 4).flatten()
    assert reference_input(3, 4).shape == (1, 3, 4, 4)
    assert values.tolist() == pytest.approx([-2 + 4 * k / 47 for k in range(48)], abs=1e-6)


def test_the_statistics_are_those_of_the_map() -> None:
    features = torch.tensor([[[[1.0, 3.0]], [[5.0, 7.0]]]])
    stated = reference_outputs(features, "by hand", 32)
    assert stated.shape == (2, 1, 2) and stated.channel_means == (2, 6)
    assert stated.mean == 4 and stated.std == pytest.approx((20 / 3) ** 0.5, abs=1e-6)


def test_the_network_computes_what_timm_does(tmp_path: Path) -> None:
    stated = reference_outputs(timm_features(), "timm", SIZE)
    result = outcome(tmp_path, stated)
    assert result.ok and "as timm: shape" in result.result


@pytest.mark.parametrize(
    ("name", "change"),
    [("mean", 2e-4), ("std", 2e-4), ("mean of channel 5", 2e-4), ("shape", 1)],
)
def test_another_forward_pass_fails_and_is_described(
    tmp_path: Path, name: str, change: float
) -> None:
    stated = reference_outputs(timm_features(), "timm", SIZE).model_dump()
    if name.startswith("mean of"):
        stated["channel_means"] = (
            *stated["channel_means"][:5],
            stated["channel_means"][5] + change,
        )
    elif name == "shape":
        stated["shape"] = (*stated["shape"][:2], stated["shape"][2] + 1)
    else:
        stated[name] += change
    result = outcome(tmp_path, ReferenceOutputs(**stated))
    assert result.ok is False and "does not compute what timm does" in result.result
    assert f"{name} " in result.result and "`tu-` for timm" in result.fix


def test_the_map_of_a_vision_transformer_is_that_of_its_last_block(tmp_path: Path) -> None:
    state = encoder_tensors("tu-test_vit")
    model = timm.create_model("test_vit", num_classes=0, dynamic_img_size=True).eval()
    names = {name.removeprefix("model."): tensor for name, tensor in state.items()}
    model.load_state_dict(names, strict=False)  # the last normalisation is not in the encoder
    images = reference_input(3, SIZE)
    with torch.inference_mode():
        features = model.forward_intermediates(images, intermediates_only=True)[-1]
    card = stored_source(
        tmp_path, state, "tu-test_vit",
        reference=reference_outputs(features, "timm", SIZE).model_dump(mode="json"),
    )  # fmt: skip
    assert check_reference(MiniBoard(Workspace(shipped_registry(), tmp_path), card)).ok


def test_a_difference_within_the_tolerance_is_none() -> None:
    stated = reference_outputs(torch.ones(1, 1, 2, 2), "a", 32)
    near = stated.model_copy(update={"mean": 1.00009, "library": "b"})
    assert differences(stated, near) == []
    assert differences(stated.model_copy(update={"tolerance": 1e-5}), near) == [
        "mean 1.00009, reference 1"
    ]


def test_a_card_without_reference_is_reported(tmp_path: Path) -> None:
    result = outcome(tmp_path, None)
    assert result.ok is None and result.result.startswith("none on the card")
