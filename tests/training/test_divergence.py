"""A training that diverges is stopped at its step; what it does not touch is as without it."""

import pickle

import pytest
import torch
from training.pretraining.test_objectives import recipe, scenes
from training.test_fine_tuning import ALL, data, network, protocol

from benchmark.cards.strategy import Stage, Strategy
from benchmark.errors import Diverged
from benchmark.records.record import Selection
from benchmark.training.batches import TrainingSet
from benchmark.training.divergence import FiniteLoss
from benchmark.training.fine_tuning import fine_tune
from benchmark.training.pretraining.loop import pretrain
from benchmark.training.pretraining.objectives import OBJECTIVES

HUGE = 1e30
FULL = Strategy(train=ALL, freeze_norm_stats=False)


def test_the_first_loss_that_is_not_finite_is_named() -> None:
    for bad in (float("nan"), float("inf"), -float("inf")):
        finite = FiniteLoss(0.5)
        finite.check(1, torch.tensor(3.0))
        with pytest.raises(Diverged, match=f"a loss of {bad} at step 2 with learning rate 0.5"):
            finite.check(2, torch.tensor(bad))
    finite.finish([torch.ones(2)])
    with pytest.raises(Diverged, match="weights that are not finite at step 2"):
        finite.finish([torch.ones(2), torch.tensor([1.0, float("inf")])])


def test_it_is_the_same_error_in_another_process() -> None:
    error = Diverged("a loss of nan", 7, 0.1)
    found = pickle.loads(pickle.dumps(error))
    assert str(found) == str(error) and (found.step, found.learning_rate) == (7, 0.1)


def tune(
    *rates: float, checkpoint: str = "best_validation_dice", strategy: Strategy = FULL
) -> tuple[Selection, dict[str, torch.Tensor], int]:
    how = protocol(learning_rates=rates, checkpoint=checkpoint, steps=4, evaluations=2)
    net, prepared = network(), data()
    names = [case.case for case in prepared.cases]
    training_set = TrainingSet(prepared, names[:6], names[6:])
    selection, steps = fine_tune(net, strategy, training_set, how, flips=(), seed=0)
    return selection, net.state_dict(), steps


def test_a_learning_rate_that_diverges_is_not_selected_and_named() -> None:
    alone, expected, _ = tune(1e-3)
    both, found, steps = tune(HUGE, 1e-3)
    assert both.diverged == ((HUGE, steps - 4 + 1),) and steps < 8
    assert both.model_copy(update={"diverged": ()}) == alone
    assert all(torch.equal(value, expected[name]) for name, value in found.items())
    assert "diverged" not in alone.model_dump() and "diverged" in both.model_dump()


@pytest.mark.parametrize(
    ("rates", "checkpoint"),
    [((HUGE,), "best_validation_dice"), ((HUGE, HUGE), "best_validation_dice"), ((HUGE,), "last")],
)
def test_without_another_rate_the_training_fails(rates: tuple[float, ...], checkpoint: str) -> None:
    with pytest.raises(Diverged) as raised:
        tune(*rates, checkpoint=checkpoint)
    assert raised.value.learning_rate == HUGE and 1 < raised.value.step <= 4


def test_a_stage_before_the_last_can_diverge() -> None:
    stages = (Stage(train=("decoder", "head"), steps=3, learning_rate=HUGE),)
    staged = Strategy(train=("head",), freeze_norm_stats=True, stages=stages)
    with pytest.raises(Diverged) as raised:
        tune(1e-3, strategy=staged)
    assert raised.value.learning_rate == HUGE and raised.value.step <= 3


def test_a_pretraining_diverges_at_its_step() -> None:
    from training.pretraining.test_objectives import network as learner

    how = recipe("segmentation", 9, evaluations=3, learning_rate=HUGE)
    steps: list[int] = []
    objective = OBJECTIVES["segmentation"](learner(2), 2, None)
    with pytest.raises(Diverged) as raised:
        pretrain(objective, scenes(24, 0), scenes(8, 100), how, None, lambda k, _: steps.append(k))
    assert raised.value.step == len(steps) + 1 <= 3
