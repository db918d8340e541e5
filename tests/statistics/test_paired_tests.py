"""Paired tests: against enumeration of all signs and scipy, by hand, and where nothing varies."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from support.boards import scores

from benchmark.statistics.anova import two_way
from benchmark.statistics.paired_tests import (
    ALPHA,
    compare_pairs,
    holm,
    may_be_rejected,
    mean_test,
    signed_rank,
)


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
    wanted = stats.wilcoxon(differences, axis=1, zero_method="pratt", method="asymptotic").pvalue
    assert signed_rank(differences)[1] == pytest.approx(wanted)


@pytest.mark.parametrize("subjects", [1, 5, 80])
def test_signed_rank_of_zeros_says_nothing(subjects: int) -> None:
    sign, p = signed_rank(np.zeros((2, subjects)))
    assert (sign == 0).all() and (p == 1).all()


def test_holm_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1, 1])
    assert holm(np.empty(0)).size == 0
    assert holm(np.array([0.01, 0.04]), larger=1) == pytest.approx([0.03, 0.08])


@given(
    st.lists(st.floats(1e-4, 1), min_size=1, max_size=12),
    st.lists(st.floats(1, 100), min_size=12, max_size=12),
    st.lists(st.floats(1e-4, 1), max_size=12),
)
def test_pairs_that_are_not_asked_would_not_be_rejected(
    smallest: list[float], factors: list[float], others: list[float]
) -> None:
    bound = np.array(smallest)
    p = np.minimum(1, bound * factors[: len(bound)])
    asked = may_be_rejected(bound)
    corrected = holm(np.concatenate([p, others]))
    short = holm(np.concatenate([np.where(asked, p, 1), others]))
    assert ((corrected < ALPHA) == (short < ALPHA)).all()


def test_pairs_to_ask_by_hand() -> None:
    assert may_be_rejected(np.array([0.049])).all() and not may_be_rejected(np.array([0.05])).any()
    asked = may_be_rejected(np.array([0.02, 0.02, 0.001, 0.5]))  # three of 0.02 or more
    assert asked.tolist() == [False, False, True, False]
    assert may_be_rejected(np.empty(0)).size == 0


def test_one_seed_and_target_is_the_paired_t_test() -> None:
    x = np.random.default_rng(0).normal(0.2, 1, (1, 1, 20))
    mean, p = mean_test([two_way(x)], [None])
    assert (mean[0], p[0]) == pytest.approx((x.mean(), stats.ttest_1samp(x[0, 0], 0).pvalue))


def test_two_targets_are_averaged_and_their_errors_added() -> None:
    x = np.random.default_rng(0).normal(0.2, 1, (2, 1, 20))
    mean, p = mean_test([two_way(x[:1]), two_way(x[1:])], [None, None])
    error = np.sqrt((x.var(axis=2, ddof=1) / 20).sum()) / 2
    wanted = stats.ttest_ind(x[0, 0], -x[1, 0], equal_var=False)  # Welch: the same sum of errors
    assert mean[0] == pytest.approx(x.mean())
    assert p[0] == pytest.approx(wanted.pvalue) and wanted.statistic == pytest.approx(mean / error)


def test_the_luck_of_a_seed_is_no_difference_of_methods() -> None:
    rng = np.random.default_rng(0)
    subjects = rng.normal(0.8, 0.1, 40)
    seeds = np.array([[0.0, 0.0, 0.0], [0.06, -0.01, 0.01]])
    values = subjects + seeds[:, :, None] + 0.01 * rng.normal(size=(2, 3, 40))
    _, by_subject = signed_rank(values[1:].mean(axis=1) - values[:1].mean(axis=1))
    assert by_subject[0] < 1e-6
    assert compare_pairs([scores(values)]).p[0, 1] > 0.3
    steady = values - seeds[:, :, None] + np.array([0, 0.02])[:, None, None]
    assert compare_pairs([scores(steady)]).p[0, 1] < 0.01


def test_mean_and_subjects_must_point_the_same_way() -> None:
    differences = np.array([[[0.01] * 30 + [-0.9] * 3]])  # most subjects better, the mean worse
    values = np.concatenate([0.9 + differences, np.full_like(differences, 0.9)])
    assert compare_pairs([scores(values)]).p[0, 1] == 1


def test_lower_is_better_turns_the_order_and_keeps_the_tests() -> None:
    values = np.random.default_rng(0).normal(size=(3, 2, 12)) + np.arange(3)[:, None, None]
    up, down = compare_pairs([scores(values)]), compare_pairs([scores(-values, False)])
    assert up.means == pytest.approx(down.means) and up.p == pytest.approx(down.p)


@pytest.mark.parametrize(("seeds", "subjects"), [(1, 1), (3, 1), (1, 2), (3, 12), (2, 60)])
def test_identical_and_constant_entries_are_never_told_apart(seeds: int, subjects: int) -> None:
    one = np.random.default_rng(0).random((1, seeds, subjects))
    values = np.concatenate([one, one, np.full_like(one, 0.5), np.full_like(one, 0.5)])
    found = compare_pairs([scores(values)])
    assert found.p[0, 1] == found.p[2, 3] == 1 and np.isfinite(found.p).all()
    assert ("one seed" in found.claim) == (seeds == 1 and subjects > 1)
    assert ("no claim" in found.claim) == (subjects == 1)


def test_a_constant_gain_of_many_subjects_is_found() -> None:
    base = np.random.default_rng(0).random((1, 2, 12))
    assert compare_pairs([scores(np.concatenate([base, base + 0.1]))]).p[0, 1] < 0.001


def test_pairs_of_no_target_or_of_other_entries_are_refused() -> None:
    values = np.zeros((2, 1, 3))
    with pytest.raises(ValueError, match="same entries"):
        compare_pairs([])
    with pytest.raises(ValueError, match="same entries"):
        compare_pairs([scores(values), scores(values[:1])])
    with pytest.raises(ValueError, match="scale"):
        compare_pairs([scores(values)], [0.0])
