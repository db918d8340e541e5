"""Intervals: limits known from theory, labels, and bad input."""

import numpy as np
import pytest
from scipy import stats
from support.boards import mean_interval

from benchmark.statistics.anova import SeedMeanSquare
from benchmark.statistics.bootstrap import bootstrap_means, estimates, t_scale


def test_one_seed_gives_the_t_interval_of_the_subjects() -> None:
    scores = np.random.default_rng(0).normal(0.5, 0.1, (1, 1, 15))
    found = estimates(scores, resamples=20000)[0]
    low, high = stats.t.interval(0.95, 14, scores.mean(), stats.sem(scores[0, 0]))
    assert found.low is not None and found.high is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.004)
    assert found.covers == "subjects only (one seed)"


@pytest.mark.parametrize("degrees", [1.004, 2.716, 9.996, 10.49, 33.5, 480.2])
def test_tails_are_those_of_students_t(degrees: float) -> None:
    """Also where they are rounded, and where other means share them."""
    one, other = t_scale(np.array([degrees, 7.0]), 200_000, 0)
    normal = np.random.default_rng(0).standard_normal(200_000)
    drawn = np.percentile(np.abs(one * normal), 95)
    assert drawn == pytest.approx(stats.t.ppf(0.975, degrees), rel=0.02)
    assert (other == t_scale(np.array([7.0]), 200_000, 0)[0]).all() and (one != other).all()


def test_two_seeds_that_differ_widen_the_interval() -> None:
    subjects = np.random.default_rng(0).normal(0.5, 0.1, 30)
    same = estimates(np.stack([subjects, subjects])[None])[0]
    apart = estimates(np.stack([subjects - 0.05, subjects + 0.05])[None])[0]
    assert same.value == pytest.approx(apart.value)
    assert same.low is not None and apart.low is not None and apart.low < same.low - 0.1
    assert apart.covers == "subjects and seeds"


def test_draws_have_the_variance_of_mean_squares() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(1, 5, 1)) * 0.1 + rng.normal(size=(1, 5, 200))
    draws = bootstrap_means(scores, SeedMeanSquare(0.0, 1000), resamples=20000)
    subject, residual = scores[0].mean(axis=0).var(ddof=1) * 5, scores[0].var()
    seed = 200 * scores[0].mean(axis=1).var(ddof=1)
    wanted = (subject + max(0.0, seed - residual)) / 1000
    assert draws.var() == pytest.approx(wanted, rel=0.08)


def test_skewed_scores_have_a_skewed_interval_within_bounds() -> None:
    scores = np.array([[[0.0] + [0.98] * 9]])
    found = estimates(scores, bounds=(0.0, 1.0))[0]
    assert found.low is not None and found.high is not None
    assert found.value - found.low > found.high - found.value
    assert 0 <= found.low < found.value < found.high <= 1


def test_many_cells_at_once_are_the_cells_one_by_one() -> None:
    scores = np.random.default_rng(0).normal(size=(3, 3, 20))
    together = estimates(scores, resamples=200_000)
    for one, cell in zip(together, scores, strict=True):
        wanted = pytest.approx((one.value, one.low, one.high), abs=0.04)
        assert mean_interval(cell, 200_000) == wanted


def test_missing_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        mean_interval(np.array([[0.1, 0.2, 0.4], [0.2, np.nan, 0.6]]))


def test_one_subject_has_no_interval_and_constant_scores_one_of_no_width() -> None:
    one = estimates(np.array([[[0.3], [0.4]]]))[0]
    assert (one.low, one.high, one.covers) == (None, None, "nothing (one subject)")
    assert one.value == pytest.approx(0.35)
    assert mean_interval(np.full((3, 8), 0.5)) == (0.5, 0.5, 0.5)
    assert estimates(np.empty((0, 2, 5))) == []


def test_intervals_are_those_of_theory_and_repeat() -> None:
    rng = np.random.default_rng(0)
    scores = np.tile(rng.normal(0.5, 0.1, 200), (2, 1))
    mean, low, high = mean_interval(scores)
    assert low is not None and high is not None
    half = 1.96 * scores[0].std() / np.sqrt(200)
    assert (high - low) / 2 == pytest.approx(half, rel=0.1) and low < mean < high
    assert mean_interval(scores) == (mean, low, high)
    assert mean_interval(scores - scores) == (0, 0, 0)
    mean, *bounds = mean_interval(np.array([[0.3]]))
    assert mean == pytest.approx(0.3) and bounds == [None, None]


def test_intervals_cover() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        scores = np.tile(rng.normal(0.5, 0.1, 40), (1, 1))
        _, low, high = mean_interval(scores, resamples=400)
        assert low is not None and high is not None
        hits += low <= 0.5 <= high
    assert 180 <= hits <= 198
