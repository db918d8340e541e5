"""Agreement of a forecast with measurements, against counts of all orders."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import kendalltau

from benchmark.statistics.agreement import (
    Separated,
    disagreement_counts,
    kendall,
    mean_over_targets,
)


def ordered(items: int) -> Separated:
    return np.triu(np.ones((items, items), dtype=bool), 1)


def some_separated(seed: int) -> Separated:
    return ordered(6) & (np.random.default_rng(seed).random((6, 6)) < 0.6)


def disagreements(order: tuple[int, ...], better: Separated) -> int:
    place = {item: k for k, item in enumerate(order)}
    return sum(place[a] > place[b] for a, b in zip(*np.nonzero(better), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_the_counts_are_those_of_all_orders(seed: int) -> None:
    better = some_separated(seed)
    counted = np.zeros(better.sum() + 1)
    for order in permutations(range(6)):
        counted[disagreements(order, better)] += 1
    assert disagreement_counts(better).tolist() == counted.tolist()


def test_tau_is_kendalls_where_all_pairs_are_separated() -> None:
    values = np.random.default_rng(0).normal(size=9)
    found = kendall(values, ordered(9))
    assert found.tau == pytest.approx(kendalltau(values, np.arange(9)[::-1]).statistic)
    assert found.pairs == 36


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_excludes_0_where_a_permutation_test_rejects(seed: int) -> None:
    better = some_separated(seed)
    orders = list(permutations(range(6)))
    seen = np.array([disagreements(order, better) for order in orders])
    for order, own in list(zip(orders, seen, strict=True))[:: len(orders) // 40]:
        values = np.zeros(6)
        values[list(order)] = np.arange(6)[::-1]
        found = kendall(values, better)
        assert found.tau is not None and found.low is not None and found.high is not None
        assert found.low <= found.tau <= found.high
        assert (found.low > 0) == ((seen <= own).mean() < 0.025)
        assert (found.high < 0) == ((seen >= own).mean() < 0.025)


@pytest.mark.parametrize("theta", [-1.0, 0.0, 0.5, 1.5])
def test_the_interval_covers_the_expected_tau_under_the_model(theta: float) -> None:
    better = some_separated(1)
    orders = list(permutations(range(6)))
    seen = np.array([disagreements(order, better) for order in orders])
    weights = np.exp(-theta * seen)
    weights /= weights.sum()
    expected = 1 - 2 * float(weights @ seen) / better.sum()
    covered = 0.0
    for own in np.unique(seen):
        values = np.zeros(6)
        values[list(orders[int(np.argmax(seen == own))])] = np.arange(6)[::-1]
        found = kendall(values, better)
        assert found.low is not None and found.high is not None
        covered += float(weights[seen == own].sum()) * (found.low <= expected <= found.high)
    assert 0.95 <= covered


def test_the_direction_of_a_forecast_only_changes_the_sign() -> None:
    values = np.array([3.0, 1.0, 2.0, 0.5, 0.1])
    found, other = kendall(values, ordered(5)), kendall(-values, ordered(5))
    assert (found.tau, found.low, found.high) == pytest.approx(
        (-(other.tau or 0), -(other.high or 0), -(other.low or 0))
    )


def test_no_pair_no_tau_and_ties_count_as_neither() -> None:
    assert kendall(np.arange(4.0), np.zeros((4, 4), dtype=bool)).tau is None
    constant = kendall(np.ones(5), ordered(5))
    assert constant.tau == 0
    assert constant.low is not None and constant.high == pytest.approx(-constant.low)
    missing = kendall(np.array([2.0, 1.0, np.nan]), ordered(3))
    assert missing.tau == pytest.approx(1 / 3)
    many = kendall(np.arange(17.0), ordered(17))
    assert (many.tau, many.low, many.high) == (-1, None, None)
    with pytest.raises(ValueError, match="17 items"):
        disagreement_counts(ordered(17))


def test_means_over_targets_have_typical_values() -> None:
    few = mean_over_targets([0.9, 1.0, 0.8, 1.0, 0.9])
    assert (few.low, few.high, few.targets) == (None, None, 5)
    values = [0.1, 0.4, 0.2, 0.9, 0.5, 0.3]
    found = mean_over_targets(values)
    assert (found.mean, found.low, found.high) == pytest.approx(
        (0.4, 0.1, 0.9)
    )  # 1 of 64 each side
    with pytest.raises(ValueError, match="0 targets"):
        mean_over_targets([])


def test_the_interval_over_targets_covers_the_centre() -> None:
    rng = np.random.default_rng(0)
    inside = [
        found.low is not None and found.high is not None and found.low <= 0 <= found.high
        for found in (mean_over_targets(rng.standard_t(2, 8).tolist()) for _ in range(600))
    ]
    assert 0.93 <= np.mean(inside) <= 0.98
