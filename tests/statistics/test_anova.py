"""Variance components: by hand, and recovered from simulated scores.

By hand, 2 seeds x 3 subjects:  1 2 6      seed means 3 and 5, subject means 2 3 7, mean 4
                                3 4 8      no residual
"""

import numpy as np
import pytest

from benchmark.statistics.anova import SeedMeanSquare, standard_error, two_way_anova
from benchmark.statistics.variance_components import variance_components

HAND = np.array([[1.0, 2, 6], [3, 4, 8]])


def pooled(mean_square: float, df: int) -> SeedMeanSquare:
    return SeedMeanSquare(np.array([mean_square]), np.array([df]))


def test_mean_squares_by_hand() -> None:
    found = two_way_anova(HAND[None])
    assert found.mean[0] == 4
    assert found.ms_seed[0] == pytest.approx(3 * 2)  # 3 subjects x variance of (3, 5)
    assert found.ms_subject[0] == pytest.approx(2 * 7)  # 2 seeds x variance of (2, 3, 7)
    assert found.ms_residual[0] == pytest.approx(0)


def test_variance_components_by_hand() -> None:
    found = variance_components(HAND[None])[0]
    assert found == pytest.approx((2**0.5, 7**0.5))
    error = standard_error(two_way_anova(HAND[None]))
    assert error.variance[0] == pytest.approx(2 / 2 + 7 / 3)  # of seeds over 2, subjects over 3
    assert error.df[0] == 2  # 2.99 by Satterthwaite, twice the square of that between two seeds
    many = standard_error(two_way_anova(HAND[None]), pooled(6.0, 9))
    assert many.df[0] == pytest.approx((1 + 7 / 3) ** 2 / (1**2 / 9 + (7 / 3) ** 2 / 2))


def test_pooled_mean_square_counts_where_it_is_larger() -> None:
    found = two_way_anova(HAND[None])
    assert standard_error(found, pooled(1.0, 20)).variance == standard_error(found).variance
    larger = standard_error(found, pooled(12.0, 20))
    assert larger.variance[0] == pytest.approx(12 / 6 + 7 / 3)
    assert larger.df[0] > standard_error(found).df[0]


def test_components_are_recovered_from_simulated_scores() -> None:
    rng = np.random.default_rng(1)
    scores = (
        0.03 * rng.normal(size=(400, 5, 1))
        + 0.1 * rng.normal(size=(400, 1, 30))
        + 0.05 * rng.normal(size=(400, 5, 30))
    )
    found = two_way_anova(scores)
    rest = found.ms_residual.mean()
    assert rest == pytest.approx(0.05**2, rel=0.03)
    assert (found.ms_seed.mean() - rest) / 30 == pytest.approx(0.03**2, rel=0.15)
    assert (found.ms_subject.mean() - rest) / 5 == pytest.approx(0.1**2, rel=0.05)
    truth = 0.03**2 / 5 + 0.1**2 / 30 + 0.05**2 / 150
    assert standard_error(found).variance.mean() == pytest.approx(truth, rel=0.05)
    assert found.mean.var() == pytest.approx(truth, rel=0.2)


@pytest.mark.parametrize(
    ("scores", "seed", "subject"),
    [
        ([[0.5]], None, None),
        ([[0.1, 0.3]], None, 0.02**0.5),
        ([[0.1], [0.3]], 0.02**0.5, None),
        ([[0.7, 0.7], [0.7, 0.7]], 0.0, 0.0),
        ([[0.1, 0.3], [0.3, 0.1]], 0.0, 0.0),  # negative estimates are cut at 0
    ],
)
def test_degenerate_variance_components(
    scores: list[list[float]], seed: float | None, subject: float | None
) -> None:
    found = variance_components(np.array(scores)[None])[0]
    for value, expected in zip(found, (seed, subject), strict=True):
        assert value == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    "scores", [np.empty((1, 0, 3)), np.empty((1, 2, 0)), np.full((1, 1, 2), np.nan)]
)
def test_missing_scores_are_refused(scores: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no missing value"):
        two_way_anova(scores)
