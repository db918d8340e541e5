"""A pretraining that was stopped ends with the same weights as one that was not."""

from pathlib import Path

import pytest
import torch
from training.pretraining.test_objectives import network, recipe, scenes

from benchmark.cards.pretraining import PretrainingObjective
from benchmark.training.pretraining.loop import pretrain
from benchmark.training.pretraining.objectives import OBJECTIVES, Objective


class Stop(Exception):
    pass


def learner(objective: PretrainingObjective) -> Objective:
    torch.manual_seed(0)
    return OBJECTIVES[objective](network(2 if objective == "segmentation" else 1), 2, None)


@pytest.mark.parametrize(
    "objective", ["segmentation", pytest.param("contrastive", marks=pytest.mark.slow)]
)
def test_taken_up_again_it_ends_alike(objective: PretrainingObjective, tmp_path: Path) -> None:
    train, val = scenes(24, 0), scenes(8, 100)
    how = recipe(objective, 9, evaluations=3)
    whole = learner(objective)
    expected = pretrain(whole, train, val, how)

    def stop_at_8(done: int, total: int) -> None:
        if done == 8:
            raise Stop

    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(Stop):
        pretrain(learner(objective), train, val, how, checkpoint, stop_at_8)
    torch.rand(7)  # the global generator has moved on
    seen: list[int] = []
    resumed = learner(objective)
    found = pretrain(resumed, train, val, how, checkpoint, lambda done, total: seen.append(done))
    assert seen == [7, 8, 9]  # the first six steps were done before
    assert found == expected
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
