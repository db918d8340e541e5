"""Paired tests: against scipy, by hand, and where nothing varies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from support.boards import scores

from benchmark.statistics import paired_tests
from benchmark.statistics.anova import seed_ms_of_differences, two_way_anova
from benchmark.statistics.paired_tests import (
    ALPHA,
    compare_pairs,
    holm,
    may_be_rejected,
    mean_test,
)
from benchmark.statistics.signed_rank import signed_rank


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
    mean, p = mean_test([two_way_anova(x)], [None])
    assert (mean[0], p[0]) == pytest.approx((x.mean(), stats.ttest_1samp(x[0, 0], 0).pvalue))


def test_two_targets_are_averaged_and_their_errors_added() -> None:
    x = np.random.default_rng(0).normal(0.2, 1, (2, 1, 20))
    mean, p = mean_test([two_way_anova(x[:1]), two_way_anova(x[1:])], [None, None])
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


@pytest.mark.parametrize("shape", [(7, 3, 12), (5, 1, 20), (4, 2, 60), (6, 3, 1)])
def test_pairs_in_parts_are_all_pairs_at_once(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0.5, 0.1, shape) + 0.02 * np.arange(shape[0])[:, None, None]
    values[2] = values[1]
    values[3] = values[0] + 0.1
    together = compare_pairs([scores(values)])
    first, second = np.triu_indices(shape[0], 1)
    differences = np.round(values[first] - values[second], 12)
    mean, p_mean = mean_test([two_way_anova(differences)], [seed_ms_of_differences(values)])
    sign, p_ranks = signed_rank(differences.mean(axis=1))
    both = np.where(np.sign(mean) == sign, np.maximum(p_mean, p_ranks), 1.0)
    testable = may_be_rejected(p_mean)
    assert together.p[first, second][testable] == pytest.approx(
        both[testable] if shape[2] > 1 else 1.0
    )
    assert (together.p[first, second][~testable] == 1).all() and (
        holm(both)[~testable] >= ALPHA
    ).all()
    monkeypatch.setattr(paired_tests, "CHUNK", 1)
    assert (compare_pairs([scores(values)]).p == together.p).all()
