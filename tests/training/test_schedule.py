"""When the learning rate changes and when a network is evaluated."""

import pytest
import torch

from benchmark.training.schedule import cosine_with_warmup, is_evaluation, make_optimizer


@pytest.mark.parametrize(("steps", "evaluations"), [(40, 2), (7, 3), (5, 5), (10, 1)])
def test_evaluations_are_spaced_equally_and_include_the_last_step(
    steps: int, evaluations: int
) -> None:
    at = [step for step in range(1, steps + 1) if is_evaluation(step, steps, evaluations)]
    assert len(at) == evaluations and at[-1] == steps


def test_the_schedule_warms_up_and_ends_near_zero() -> None:
    factors = [cosine_with_warmup(step, 100, 0.1) for step in range(100)]
    assert factors[0] < factors[5] < factors[10] == max(factors) == 1.0
    assert factors[-1] < 0.001 and factors[11:] == sorted(factors[11:], reverse=True)
    assert cosine_with_warmup(0, 1, 0.0) == 1.0


def test_a_constant_schedule_keeps_the_learning_rate() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer, schedule = make_optimizer([parameter], "adam", 0.1, 0.0, "constant", 5, 0.0)
    rates = []
    for _ in range(5):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [0.1] * 5 and isinstance(optimizer, torch.optim.Adam)
