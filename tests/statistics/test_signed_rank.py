"""Ranks and signed ranks: against scipy and the enumeration of all signs."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics.signed_rank import average_ranks, ranks_of_sorted, signed_rank


@pytest.mark.parametrize("high", [2, 5, 10**6])
def test_average_ranks_are_scipys(high: int) -> None:
    values = np.random.default_rng(0).integers(0, high, (50, 11)).astype(float)
    assert (average_ranks(values) == stats.rankdata(values, axis=1)).all()
    assert (average_ranks(values[:, :1]) == 1).all()
    ordered = np.sort(values, axis=1)
    assert (ranks_of_sorted(ordered) == stats.rankdata(ordered, axis=1)).all()


def test_signed_rank_without_ties_is_scipys_exact_test() -> None:
    differences = np.random.default_rng(0).normal(0.3, 1, (20, 12))
    sign, p = signed_rank(differences)
    assert p == pytest.approx(stats.wilcoxon(differences, axis=1, method="exact").pvalue)
    sums = (np.sign(differences) * stats.rankdata(abs(differences), axis=1)).sum(axis=1)
    assert (sign == np.sign(sums)).all()


@pytest.mark.parametrize("row", [[0, 0, 1, 1, -2, 3, 3], [1, 1, 1, 1], [0, 0, 0, 5], [2, -2]])
def test_signed_rank_with_ties_and_zeros_is_the_enumeration_of_signs(row: list[float]) -> None:
    ranks = np.where(np.array(row) == 0, 0, stats.rankdata(np.abs(row)))
    seen = abs((np.sign(row) * ranks).sum())
    sums = [abs((np.array(signs) * ranks).sum()) for signs in product((-1, 1), repeat=len(row))]
    assert signed_rank(np.array([row]))[1][0] == pytest.approx(np.mean(np.array(sums) >= seen))


def test_signed_rank_of_many_subjects_is_scipys_approximation() -> None:
    differences = np.round(np.random.default_rng(0).normal(0.1, 1, (20, 80)), 1)
    wanted = stats.wilcoxon(  # type: ignore[call-overload]
        differences, axis=1, zero_method="pratt", method="asymptotic"
    ).pvalue
    assert signed_rank(differences)[1] == pytest.approx(wanted)


@pytest.mark.parametrize("subjects", [1, 5, 80])
def test_signed_rank_of_zeros_says_nothing(subjects: int) -> None:
    sign, p = signed_rank(np.zeros((2, subjects)))
    assert (sign == 0).all() and (p == 1).all()
