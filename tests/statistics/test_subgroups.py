"""Means of groups of subjects, and their difference from the rest."""

import numpy as np
import pytest
from scipy.stats import ttest_ind
from support.boards import scores

from benchmark.statistics.intervals import estimates
from benchmark.statistics.seed_noise import pooled_seed_ms
from benchmark.statistics.subgroups import subgroup_means
from benchmark.statistics.two_part import two_part_intervals


def some_scores(seeds: int = 1, subjects: int = 20, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = 0.6 + 0.1 * rng.normal(size=(2, 1, subjects)) + 0.03 * rng.normal(size=(2, seeds, 1))
    return np.asarray(values + 0.02 * rng.normal(size=(2, seeds, subjects)))


INSIDE = np.arange(20) % 3 == 0


def test_with_one_seed_the_difference_is_that_of_welch() -> None:
    values = some_scores()
    for own, raw in zip(subgroup_means(scores(values), INSIDE), values[:, 0], strict=True):
        test = ttest_ind(raw[INSIDE], raw[~INSIDE], equal_var=False).confidence_interval()
        assert (own.gap.low, own.gap.high) == pytest.approx((test.low, test.high))
        assert own.gap.covers == "subjects only (one seed)"


def test_the_mean_is_that_of_a_board_with_these_subjects_alone() -> None:
    values = some_scores(seeds=3)
    part = values[:, :, INSIDE]
    expected = estimates(part, pooled_seed_ms(part))
    assert [own.mean for own in subgroup_means(scores(values), INSIDE)] == expected


def test_rest_and_group_mirror_each_other() -> None:
    values = scores(some_scores(seeds=3))
    for own, other in zip(
        subgroup_means(values, INSIDE), subgroup_means(values, ~INSIDE), strict=True
    ):
        assert own.gap.low is not None and other.gap.high is not None
        assert own.gap.value == pytest.approx(-other.gap.value)
        assert own.gap.low == pytest.approx(-other.gap.high)


def test_a_failure_anywhere_in_the_table_gives_two_part_intervals() -> None:
    values = some_scores(seeds=2)
    values[0, :, 1] = 0.0  # of the rest
    table = scores(values)
    means = [own.mean for own in subgroup_means(table, INSIDE, (0.0, 1.0))]
    part = values[:, :, INSIDE]
    expected = two_part_intervals(part, pooled_seed_ms(part), table.bootstrap_seed)
    assert [[own.low, own.high] for own in means] == expected.tolist()
    assert [own.value for own in means] == pytest.approx(part.mean(axis=(1, 2)))


def test_the_interval_covers_the_true_difference() -> None:
    inside = []
    for seed in range(300):
        values = some_scores(seeds=3, seed=seed)
        values[:, :, INSIDE] += 0.05
        gap = subgroup_means(scores(values), INSIDE)[0].gap
        inside.append(gap.low is not None and gap.high is not None and gap.low <= 0.05 <= gap.high)
    assert 0.93 <= np.mean(inside)


def test_one_subject_has_no_interval_and_none_is_refused() -> None:
    one = np.arange(20) == 4
    own = subgroup_means(scores(some_scores(seeds=2)), one, (0.0, 1.0))[0]
    assert (own.mean.low, own.gap.low, own.gap.covers) == (None, None, "nothing (one subject)")
    with pytest.raises(ValueError, match="needs a subject"):
        subgroup_means(scores(some_scores()), np.ones(20, dtype=bool))
