"""Variance components: by hand, and recovered from simulated scores.

By hand, 2 seeds x 3 subjects:  1 2 6      seed means 3 and 5, subject means 2 3 7, mean 4
                                3 4 8      no residual
"""

import numpy as np
import pytest

from benchmark.statistics.anova import (
    SeedNoise,
    noise_of_differences,
    spread,
    standard_error,
    two_way,
)

HAND = np.array([[1.0, 2, 6], [3, 4, 8]])


def test_mean_squares_by_hand() -> None:
    found = two_way(HAND[None])
    assert found.mean[0] == 4
    assert found.seed[0] == pytest.approx(3 * 2)  # 3 subjects x variance of (3, 5)
    assert found.subject[0] == pytest.approx(2 * 7)  # 2 seeds x variance of (2, 3, 7)
    assert found.residual[0] == pytest.approx(0)


def test_spread_by_hand() -> None:
    found = spread(HAND)
    assert (found.seed, found.subject, found.residual) == pytest.approx((2**0.5, 7**0.5, 0))
    error = standard_error(two_way(HAND[None]))
    assert error.variance[0] == pytest.approx(2 / 2 + 7 / 3)  # of seeds over 2, subjects over 3
    assert error.degrees[0] == pytest.approx((1 + 7 / 3) ** 2 / (1**2 / 1 + (7 / 3) ** 2 / 2))


def test_pooled_noise_counts_where_it_is_larger() -> None:
    found = two_way(HAND[None])
    assert standard_error(found, SeedNoise(1.0, 20)).variance == standard_error(found).variance
    larger = standard_error(found, SeedNoise(12.0, 20))
    assert larger.variance[0] == pytest.approx(12 / 6 + 7 / 3)
    assert larger.degrees[0] > standard_error(found).degrees[0]


def test_what_all_entries_share_under_a_seed_is_no_noise_of_differences() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(1, 4, 1)) + rng.normal(size=(3, 1, 10))
    noise = noise_of_differences(shared)
    assert noise is not None and noise.degrees == 6
    assert noise.mean_square == pytest.approx(0, abs=1e-20)
    own = rng.normal(size=(200, 4, 1)) + np.zeros((1, 1, 10))
    noise = noise_of_differences(own)
    assert noise is not None and noise.mean_square == pytest.approx(2 * 10, rel=0.15)
    assert noise_of_differences(own[:1]) is None and noise_of_differences(own[:, :1]) is None


def test_components_are_recovered_from_simulated_scores() -> None:
    rng = np.random.default_rng(1)
    scores = (
        0.03 * rng.normal(size=(400, 5, 1))
        + 0.1 * rng.normal(size=(400, 1, 30))
        + 0.05 * rng.normal(size=(400, 5, 30))
    )
    found = two_way(scores)
    rest = found.residual.mean()
    assert rest == pytest.approx(0.05**2, rel=0.03)
    assert (found.seed.mean() - rest) / 30 == pytest.approx(0.03**2, rel=0.15)
    assert (found.subject.mean() - rest) / 5 == pytest.approx(0.1**2, rel=0.05)
    truth = 0.03**2 / 5 + 0.1**2 / 30 + 0.05**2 / 150
    assert standard_error(found).variance.mean() == pytest.approx(truth, rel=0.05)
    assert found.mean.var() == pytest.approx(truth, rel=0.2)


@pytest.mark.parametrize(
    ("scores", "seed", "subject", "residual", "word"),
    [
        ([[0.5]], None, None, None, "one score"),
        ([[0.1, 0.3]], None, 0.02**0.5, None, "one seed"),
        ([[0.1], [0.3]], 0.02**0.5, None, None, "one subject"),
        ([[0.7, 0.7], [0.7, 0.7]], 0.0, 0.0, 0.0, ""),
        ([[0.1, 0.3], [0.3, 0.1]], 0.0, 0.0, 0.2, ""),  # negative estimates are cut at 0
    ],
)
def test_degenerate_spreads(
    scores: list[list[float]],
    seed: float | None,
    subject: float | None,
    residual: float | None,
    word: str,
) -> None:
    found = spread(np.array(scores))
    for value, wanted in zip(
        (found.seed, found.subject, found.residual), (seed, subject, residual), strict=True
    ):
        assert value == (None if wanted is None else pytest.approx(wanted))
    assert word in found.note


@pytest.mark.parametrize(
    "scores", [np.empty((1, 0, 3)), np.empty((1, 2, 0)), np.full((1, 1, 2), np.nan)]
)
def test_missing_scores_are_refused(scores: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no missing value"):
        two_way(scores)
