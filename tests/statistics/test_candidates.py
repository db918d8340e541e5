"""Candidates for the best: Dunnett's distribution against scipy, by hand, and odd boards."""

import numpy as np
import pytest
from scipy import stats
from support.boards import scores

from benchmark.statistics.candidates import candidates_for_best, largest_t_exceeds


@pytest.mark.parametrize(("k", "n"), [(1, 6), (3, 4), (8, 10)])
def test_the_distribution_is_that_of_dunnetts_test_in_scipy(k: int, n: int) -> None:
    rng = np.random.default_rng(0)
    control, samples = rng.normal(size=n), [rng.normal(0.4, 1, size=n) for _ in range(k)]
    wanted = stats.dunnett(*samples, control=control, alternative="greater", rng=1)
    df = np.full(k, float((k + 1) * (n - 1)))
    assert largest_t_exceeds(wanted.statistic, k, df) == pytest.approx(wanted.pvalue, abs=5e-4)


def test_one_comparison_is_students_t() -> None:
    t, df = np.array([6.3138, 12.706, 1.645, 63.7, 0.0]), np.array([1.0, 1.0, 1e6, 1.0, 5.0])
    assert largest_t_exceeds(t, 1, df) == pytest.approx(stats.t.sf(t, df), rel=1e-3)
    certain = largest_t_exceeds(np.array([np.inf, -np.inf]), 4, np.ones(2))
    assert certain == pytest.approx([0, 1])


def test_two_entries_of_one_seed_are_a_one_sided_paired_t_test() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.1, (2, 1, 12)) + [[[0.0]], [[0.03]]]
    wanted = stats.ttest_rel(values[1, 0], values[0, 0], alternative="greater").pvalue
    found = candidates_for_best([scores(values)])
    assert found.p[0] == pytest.approx(wanted, rel=1e-4)
    assert found.p[1] == pytest.approx(1 - wanted, rel=1e-4)
    assert found.among.tolist() == [bool(wanted >= 0.05), True] and "one seed" in found.claim


def test_who_is_clearly_worse_is_left_out_and_ties_stay() -> None:
    rng = np.random.default_rng(0)
    means = np.array([0.8, 0.8, 0.7, 0.4])[:, None, None]
    values = means + rng.normal(0, 0.1, 30) + rng.normal(0, 0.02, (4, 3, 30))
    found = candidates_for_best([scores(values)])
    assert found.among.tolist() == [True, True, False, False]
    assert found.claim == "the best method"
    assert candidates_for_best([scores(-values, False)]).among.tolist() == found.among.tolist()


def test_the_luck_of_a_seed_rules_nobody_out() -> None:
    rng = np.random.default_rng(0)
    subjects = rng.normal(0.8, 0.1, 40)
    seeds = np.array([[0.0, 0.0, 0.0], [0.06, -0.01, 0.01]])
    values = subjects + seeds[:, :, None] + 0.01 * rng.normal(size=(2, 3, 40))
    assert candidates_for_best([scores(values)]).among.all()
    steady = values - seeds[:, :, None] + np.array([0, 0.02])[:, None, None]
    assert candidates_for_best([scores(steady)]).among.tolist() == [False, True]


@pytest.mark.parametrize(("seeds", "subjects"), [(1, 1), (3, 1), (1, 2), (3, 12), (2, 60)])
def test_identical_and_constant_entries_are_candidates_together(seeds: int, subjects: int) -> None:
    one = np.random.default_rng(0).random((1, seeds, subjects))
    values = np.concatenate([one, one, np.full_like(one, 0.5), np.full_like(one, 0.5)])
    found = candidates_for_best([scores(values)])
    assert found.p[0] == found.p[1] and found.p[2] == found.p[3] and found.among.any()
    assert np.isfinite(found.p).all() and ("no claim" in found.claim) == (subjects == 1)


@pytest.mark.parametrize("k", [0, 1])
def test_tables_of_nothing_or_one(k: int) -> None:
    found = candidates_for_best([scores(np.zeros((k, 2, 3)))])
    assert found.among.tolist() == [True] * k


def test_over_targets_candidates_are_fewer_than_on_each() -> None:
    rng = np.random.default_rng(0)
    boards = [
        scores(np.array([0.02, 0, 0])[:, None, None] + 0.05 * rng.normal(size=(3, 2, 12)))
        for _ in range(12)
    ]
    alone = [candidates_for_best([board]).among.sum() for board in boards]
    overall = candidates_for_best(boards, [0.05] * 12)
    assert np.mean(alone) > 2.5 and overall.among.tolist() == [True, False, False]


def test_no_target_other_entries_or_scales_are_refused() -> None:
    values = np.zeros((2, 1, 3))
    with pytest.raises(ValueError, match="same entries"):
        candidates_for_best([])
    with pytest.raises(ValueError, match="same entries"):
        candidates_for_best([scores(values), scores(values[:1])])
    with pytest.raises(ValueError, match="scale"):
        candidates_for_best([scores(values)], [0.0])
