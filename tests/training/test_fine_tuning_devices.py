"""Nothing that learns on a device mixes it with the host: tensors without data stand for a GPU.

PyTorch refuses most operations between tensors of the device `meta` and those of the host, as it
does between a GPU and the host.
"""

from typing import get_args

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from support.networks import unet

from benchmark.cards.pretraining import PretrainingObjective
from benchmark.cards.protocol import Augmentation
from benchmark.models.networks import SegmentationNetwork, build_network
from benchmark.training.augmentation import augment
from benchmark.training.losses import LOSSES
from benchmark.training.pretraining.objectives import OBJECTIVES, LabelledSlices
from benchmark.training.schedule import make_optimizer
from benchmark.training.selection import predict

AWAY = torch.device("meta")
EVERYTHING = Augmentation(
    rotation_degrees=20, scale=0.1, shift=0.1, shear=0.1, gamma=0.2, noise=0.05,
    horizontal_flip=0.5, vertical_flip=0.5,
)  # fmt: skip
SAMPLES = LabelledSlices(
    torch.zeros(6, 1, 32, 32, dtype=torch.float16, device=AWAY),
    torch.zeros(6, 32, 32, dtype=torch.uint8, device=AWAY),
    torch.zeros(6, dtype=torch.int64, device=AWAY),
)


def network(classes: int) -> SegmentationNetwork:
    return build_network(
        "tu-test_resnet", channels=1, input_size=32, classes=classes, decoder=unet(),
        normalisation_mean=(0.5,), normalisation_std=(0.5,),
    ).to(AWAY)  # fmt: skip


def learn(loss: torch.Tensor, model: torch.nn.Module) -> None:
    optimizer, schedule = make_optimizer(model.parameters(), "adamw", 1e-3, 0.1, "cosine", 5, 0.1)
    loss.backward()
    optimizer.step()
    schedule.step()


def test_the_host_cannot_be_mixed_in() -> None:
    with pytest.raises(RuntimeError, match="device"):
        SAMPLES.images + torch.zeros(6, 1, 32, 32)
    with pytest.raises(RuntimeError, match="device"):
        F.grid_sample(SAMPLES.images.float(), torch.zeros(6, 9, 9, 2), align_corners=False)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_step_of_fine_tuning_stays_on_the_device(loss: str) -> None:
    model = network(3)
    batch = SAMPLES.take(torch.arange(4, device=AWAY))
    images, masks = augment(
        batch.images.float(), batch.masks.long(), EVERYTHING, ("horizontal", "vertical"),
        np.random.default_rng(0),
    )  # fmt: skip
    assert (images.device, masks.device) == (AWAY, AWAY)
    learn(LOSSES[loss](model(images), masks), model)
    assert {logits.device for logits in predict(model, SAMPLES.images, 4)} == {AWAY}


@pytest.mark.parametrize("kind", get_args(PretrainingObjective))
def test_a_step_of_pretraining_stays_on_the_device(kind: PretrainingObjective) -> None:
    objective = OBJECTIVES[kind](network(1), 4, EVERYTHING).to(AWAY)
    learn(objective.loss(SAMPLES, np.random.default_rng(0)), objective)
    learned = [one.grad for one in objective.parameters() if one.grad is not None]
    assert learned and {gradient.device for gradient in learned} == {AWAY}
