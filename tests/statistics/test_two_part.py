"""Two-part intervals: Jeffreys against scipy, the t interval, and odd samples."""

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics.intervals import estimates
from benchmark.statistics.two_part import two_part_intervals


def test_if_all_that_is_found_scores_one_it_is_jeffreys_interval() -> None:
    scores = np.array([[[1.0] * 17 + [0.0] * 3]])
    wanted = stats.beta.interval(0.95, 17.5, 3.5)
    assert two_part_intervals(scores)[0] == pytest.approx(wanted, abs=0.01)


def test_without_failures_it_is_the_t_interval_with_room_below() -> None:
    scores = np.random.default_rng(0).normal(0.8, 0.05, (1, 1, 400))
    low, high = two_part_intervals(scores)[0]
    one = estimates(scores)[0]
    assert one.low is not None and one.high is not None
    assert high == pytest.approx(one.high, abs=0.002) and low == pytest.approx(one.low, abs=0.005)
    few = scores[:, :, :10]
    assert two_part_intervals(few)[0, 0] < (estimates(few)[0].low or 0) - 0.05


def test_seeds_that_differ_widen_it() -> None:
    subjects = np.random.default_rng(0).normal(0.5, 0.05, 30)
    same, apart = two_part_intervals(
        np.stack([[subjects, subjects], [subjects - 0.1, subjects + 0.1]])
    )
    assert apart[1] - apart[0] > 2 * (same[1] - same[0])


def test_one_matrix_does_not_depend_on_the_others() -> None:
    scores = np.random.default_rng(0).random((3, 2, 9))
    together = two_part_intervals(scores)
    assert (two_part_intervals(scores[1:2]) == together[1:2]).all()


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_constant_scores_have_finite_bounds_within_zero_and_one(value: float) -> None:
    low, high = two_part_intervals(np.full((1, 2, 5), value))[0]
    assert 0 <= low <= value <= high <= 1
