"""Scores and chance levels by hand; each objective beats chance on pictures it can learn from."""

import numpy as np
import pytest
import torch
from support.networks import unet
from torch import nn

from benchmark.cards.pretraining import Pretraining, PretrainingObjective
from benchmark.cards.problem import Intensity
from benchmark.models.networks import SegmentationNetwork, build_network
from benchmark.phantoms.catalogue import make_case
from benchmark.training.pretraining.loop import pretrain
from benchmark.training.pretraining.objectives import (
    OBJECTIVES,
    Classification,
    Contrastive,
    LabelledSlices,
    Restoration,
    Segmentation,
)


def network(outputs: int) -> SegmentationNetwork:
    torch.manual_seed(0)
    return build_network(
        "tu-test_resnet", channels=3, input_size=64, classes=outputs,
        decoder=unet(16, 16, 8, 8, 8),
        normalisation_mean=(0.5,) * 3, normalisation_std=(0.25,) * 3,
    )  # fmt: skip


def scenes(count: int, first: int) -> LabelledSlices:
    """Natural-scene phantoms: a mask and one of six classes each."""
    cases = [make_case("natural_object", seed=1, index=first + k, size=64) for k in range(count)]
    images = np.stack([case.image for case in cases]).transpose(0, 3, 1, 2) / 255
    return LabelledSlices(
        torch.from_numpy(images.astype(np.float16)),
        torch.from_numpy(np.stack([case.mask for case in cases])),
        torch.tensor([int(case.facts["class_index"]) for case in cases]),
    )


def recipe(objective: PretrainingObjective, steps: int, **changes: object) -> Pretraining:
    return Pretraining(
        dataset="none", objective=objective, slice_axis=None, input_size=64, steps=steps,
        intensity=Intensity(kind="range", low=0, high=255), batch_size=8, learning_rate=3e-3,
        seed=0, evaluations=2,
    ).model_copy(update=changes)  # fmt: skip


def brains(count: int, first: int) -> LabelledSlices:
    """The middle slices of T1 brain phantoms."""
    images = [make_case("brain_anatomy", seed=1, index=first + k, size=64).image[:, :, 4:12]
              for k in range(count)]  # fmt: skip
    slices = np.concatenate([np.moveaxis(i / i.max(), 2, 0) for i in images])[:, None]
    none = torch.full((len(slices),), -1)
    return LabelledSlices(
        torch.from_numpy(slices.astype(np.float16)), none[:, None, None].byte(), none
    )


OUTPUTS = {"segmentation": 2, "restoration": 1}


@pytest.mark.parametrize(
    ("objective", "steps"),
    [
        ("segmentation", 30),
        ("classification", 80),
        pytest.param("restoration", 100, marks=pytest.mark.slow),
        pytest.param("contrastive", 40, marks=pytest.mark.slow),
    ],
)
def test_learning_beats_chance_and_the_untrained_network(
    objective: PretrainingObjective, steps: int
) -> None:
    learner = OBJECTIVES[objective](network(OUTPUTS.get(objective, 1)), 6, None)
    train, val = (
        (brains(20, 0), brains(4, 99))
        if objective == "restoration"
        else (scenes(160, 0), scenes(48, 500))
    )
    result = pretrain(learner, train, val, recipe(objective, steps))
    assert [step for step, _, _ in result.curve] == [0, steps // 2, steps]
    untrained, last = result.curve[0][2], result.curve[-1][2]
    assert last > result.chance + 0.03 and last > untrained


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_chance_of_segmentation_is_calling_everything_that_label() -> None:
    masks = torch.zeros((1, 64, 64), dtype=torch.uint8)
    masks[:, :32] = 1  # half of the valid pixels below: 2 * 0.5 / 1.5
    samples = LabelledSlices(torch.zeros((1, 1, 64, 64)), masks, torch.tensor([-1]))
    assert Segmentation(network(2)).chance(samples, rng()) == pytest.approx(2 / 3)
    masks[:, 48:] = 255  # now 2 of 3 parts: 2 * (2 / 3) / (5 / 3)
    assert Segmentation(network(2)).chance(samples, rng()) == pytest.approx(0.8)


class Fixed(nn.Module):
    """Answers every image alike."""

    def __init__(self, answer: torch.Tensor) -> None:
        """Keep the answer."""
        super().__init__()
        self.answer = answer

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.answer.expand(len(images), *self.answer.shape[1:])


def test_balanced_accuracy_of_a_constant_answer_is_chance() -> None:
    classes = torch.tensor([0, 0, 0, 2])
    samples = LabelledSlices(torch.rand((4, 1, 64, 64)), torch.zeros((4, 64, 64)).byte(), classes)
    learner = Classification(network(1), 3).eval()
    with torch.no_grad():
        learner.classifier.weight.zero_()
        learner.classifier.bias.copy_(torch.tensor([1.0, 0.0, 0.0]))
        assert learner.score(samples, rng()) == learner.chance(samples, rng()) == 0.5


def test_restoration_scores_1_for_the_image_itself_and_0_for_its_mean() -> None:
    image = torch.rand((1, 1, 64, 64)).half()
    samples = LabelledSlices(image, torch.zeros((1, 64, 64)).byte(), torch.tensor([-1]))
    learner = Restoration(network(1))
    for answer, expected in ((image.float(), 1.0), (image.float().mean().expand(1, 1, 64, 64), 0)):
        learner.network = Fixed(answer)  # type: ignore[assignment]
        assert learner.score(samples, rng()) == pytest.approx(expected, abs=1e-3)


def test_retrieval_among_alike_images_is_no_better_than_chance() -> None:
    image = torch.full((6, 1, 64, 64), 0.5).half()
    samples = LabelledSlices(image, torch.zeros((6, 64, 64)).byte(), torch.full((6,), -1))
    learner = Contrastive(network(1)).eval()
    learner.projection = nn.Sequential(nn.Flatten(), nn.LazyLinear(4))
    with torch.no_grad():
        assert learner.chance(samples, rng()) == pytest.approx(1 / 6)
        assert learner.score(samples, rng()) <= 0.5
