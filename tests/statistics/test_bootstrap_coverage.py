"""The promise of the intervals and groups, in a few settings; `tests/simulation` has them all.

Limits are the promised share plus or minus three binomial standard errors, counting each board
once although it has four intervals.
"""

import numpy as np
import pytest
from simulation.coverage import (
    Setting,
    measure,
    measure_effects,
    true_mean,
)

from benchmark.statistics.paired_tests import compare_pairs
from benchmark.statistics.scores import TargetScores
from benchmark.statistics.tie_groups import tie_groups

BOARDS = 150


def error(share: float, boards: int) -> float:
    return 3 * float((share * (1 - share) / boards) ** 0.5)


@pytest.mark.parametrize(
    "setting",
    [Setting("normal", 1, 35, 0.0), Setting("normal", 2, 35, 1.0), Setting("normal", 3, 20, 1.0)],
)
def test_intervals_cover_and_equal_methods_stay_together(setting: Setting) -> None:
    found = measure(setting, BOARDS, true_mean(setting))
    for share in (found.mean, found.mean_alone, found.gain):
        assert abs(share - 0.95) < error(0.95, BOARDS)
    assert found.split < 0.05 + error(0.05, BOARDS)
    assert found.rank > 0.95 - error(0.95, BOARDS)


def test_one_seed_speaks_of_the_trained_networks() -> None:
    found = measure(Setting("normal", 1, 35, 1.0), BOARDS, 0.7)
    for share in (found.mean, found.gain):
        assert abs(share - 0.95) < error(0.95, BOARDS)
    assert found.rank > 0.95 - error(0.95, BOARDS)


def test_better_methods_are_found() -> None:
    assert measure(Setting("normal", 3, 100, 0.3), 40, 0.7).power > 0.9


def test_a_board_of_many_entries_and_targets_is_split_in_at_most_five_percent() -> None:
    rng, boards = np.random.default_rng(0), 150
    split = 0
    for _ in range(boards):
        tables = []
        for target in ("x", "y"):
            values = rng.normal(0, 0.1, 30) + 0.01 * rng.normal(size=(8, 3, 1))
            values = values + rng.normal(0, 0.05, (8, 1, 30)) + rng.normal(0, 0.02, (8, 3, 30))
            names = (tuple(range(8)), (0, 1, 2), tuple(map(str, range(30))))
            tables.append(compare_pairs([TargetScores(target, *names, values)]))
        split += max(max(one.group.values()) for one in tie_groups(tables)) > 1
    assert split / boards < 0.05 + error(0.05, boards)


def test_effects_cover() -> None:
    for share in measure_effects(3, 6, 60).values():
        assert abs(share - 0.95) < error(0.95, 60)
