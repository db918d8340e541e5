"""Intervals: limits known from theory, labels, probabilities, and bad input."""

import numpy as np
import pytest
from scipy import stats
from support.boards import mean_interval

from benchmark.statistics.anova import SeedMeanSquare, StandardError, standard_error, two_way_anova
from benchmark.statistics.bootstrap import t_scale
from benchmark.statistics.intervals import detectable, estimates, probability_not_above_zero


def test_one_seed_gives_the_t_interval_of_the_subjects() -> None:
    scores = np.random.default_rng(0).normal(0.5, 0.1, (1, 1, 15))
    found = estimates(scores)[0]
    low, high = stats.t.interval(0.95, 14, scores.mean(), stats.sem(scores[0, 0]))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.covers == "subjects only (one seed)"


def test_large_samples_give_the_interval_of_a_mixed_model() -> None:
    """Crossed random seeds and subjects: the standard error from the components of variance."""
    rng = np.random.default_rng(1)
    scores = 0.1 * rng.normal(size=(6, 1)) + 0.2 * rng.normal(size=40)
    scores = scores + 0.05 * rng.normal(size=(6, 40))
    seeds, subjects = scores.mean(axis=1), scores.mean(axis=0)
    rest = scores - seeds[:, None] - subjects + scores.mean()
    residual = (rest**2).sum() / (5 * 39)
    wanted = seeds.var(ddof=1) / 6 + subjects.var(ddof=1) / 40 - residual / 240
    error = standard_error(two_way_anova(scores[None]))
    assert error.variance[0] == pytest.approx(wanted)
    mean, low, high = mean_interval(scores)
    assert low is not None and high is not None
    half = stats.t.ppf(0.975, error.df[0]) * wanted**0.5
    assert (low, high) == pytest.approx((mean - half, mean + half))


def test_the_probability_and_the_detectable_mean_are_those_of_the_t_test() -> None:
    scores = np.random.default_rng(0).normal(0.2, 1, (1, 1, 20))
    error = standard_error(two_way_anova(scores))
    test = stats.ttest_1samp(scores[0, 0], 0, alternative="greater")
    mean = scores.mean(axis=(1, 2))
    assert probability_not_above_zero(mean, error)[0] == pytest.approx(test.pvalue)
    # Power of the two-sided test, the other side left out, by the t quantiles.
    smallest = detectable(error)[0] / error.variance[0] ** 0.5
    assert stats.t.cdf(smallest - stats.t.ppf(0.975, 19), 19) == pytest.approx(0.8)


def test_no_variance_is_certain() -> None:
    none = StandardError(np.zeros(3), np.zeros(3), np.ones(3))
    assert probability_not_above_zero(np.array([0.1, 0.0, -0.1]), none).tolist() == [0, 1, 1]


@pytest.mark.parametrize("degrees", [1.004, 2.716, 9.996, 10.49, 33.5, 480.2])
def test_tails_of_draws_are_those_of_students_t(degrees: float) -> None:
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


def test_degrees_of_freedom_are_bounded_by_those_between_seeds() -> None:
    rng = np.random.default_rng(3)
    lucky = two_way_anova(np.tile(rng.normal(size=(1, 1, 60)), (1, 2, 1)))
    assert standard_error(lucky).df[0] == 2
    for df, expected in ((2, 8), (20, 59)):
        pooled = SeedMeanSquare(np.zeros(1), np.array([df]))
        assert standard_error(lucky, pooled).df[0] == pytest.approx(expected)


def test_many_cells_at_once_are_the_cells_one_by_one() -> None:
    scores = np.random.default_rng(0).normal(size=(3, 3, 20))
    for one, cell in zip(estimates(scores), scores, strict=True):
        assert mean_interval(cell) == pytest.approx((one.value, one.low, one.high))


def test_missing_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        mean_interval(np.array([[0.1, 0.2, 0.4], [0.2, np.nan, 0.6]]))


def test_one_subject_has_no_interval_and_constant_scores_one_of_no_width() -> None:
    one = estimates(np.array([[[0.3], [0.4]]]))[0]
    assert (one.low, one.high, one.covers) == (None, None, "nothing (one subject)")
    assert one.value == pytest.approx(0.35)
    assert mean_interval(np.full((3, 8), 0.5)) == (0.5, 0.5, 0.5)
    assert estimates(np.empty((0, 2, 5))) == []


def test_an_interval_stays_within_the_bounds() -> None:
    found = estimates(np.array([[[0.9, 1.0, 1.0]]]), bounds=(0.0, 1.0))[0]
    assert found.high == 1.0 and found.low is not None and found.low < found.value
