"""The promise of the intervals and of group a, in a few settings; `docs/simulations.md` has more.

Limits are the promised share plus or minus three binomial standard errors, counting each board
once although it has several intervals.
"""

import pytest
from simulation.boards import Setting, true_mean
from simulation.effects import measure_effects
from simulation.rates import measure

BOARDS = 60


def error(share: float, boards: int) -> float:
    return 3 * float((share * (1 - share) / boards) ** 0.5)


@pytest.mark.parametrize(
    "setting",
    [
        Setting("normal", 2, 2, 35, 1.0),
        Setting("normal", 4, 1, 20, 1.0),
        Setting("normal", 4, 3, 20, 1.0),
        Setting("5 % fail", 4, 3, 35, 1.0),
    ],
)
def test_intervals_cover_and_the_best_is_kept(setting: Setting) -> None:
    found = measure(setting, BOARDS, true_mean(setting.shape))
    for share in (found.mean, found.unseen, found.gain):
        assert share > 0.95 - error(0.95, BOARDS)
    assert not found.best_lost > 0.05 + error(0.05, BOARDS)
    assert found.true_best_lost <= error(0.02, BOARDS)


def test_a_skewed_sample_is_covered_where_unseen_failures_are_allowed_for() -> None:
    found = measure(Setting("left tail", 3, 1, 10, 0.0), 60, true_mean("left tail"))
    assert found.unseen > 0.95 - error(0.95, 60) and found.mean < found.unseen


def test_better_methods_are_found() -> None:
    found = measure(Setting("normal", 4, 3, 100, 0.3), 30, 0.7)
    assert found.found > 0.9 and found.gain_found > 0.9


def test_effects_cover() -> None:
    for share, _ in measure_effects(3, 6, 30).values():
        assert share > 0.95 - error(0.95, 30)
