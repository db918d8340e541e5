"""Ranks by hand, their intervals where they are known, missing targets, Kendall against scipy.

Means on two targets:   a 0.9 0.5    ranks 1 3, mean 2      d lacks the second target
                        b 0.8 0.6    ranks 2 2, mean 2
                        c 0.7 0.7    ranks 3 1, mean 2
"""

from collections.abc import Hashable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from support.boards import scores, target_scores

from benchmark.statistics.rank_intervals import kendall_tau_b, rank_entries
from benchmark.statistics.scores import TargetScores


def test_clear_differences_have_narrow_intervals_and_full_stability() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.1, (1, 1, 30)) + np.array([0.1, 0.9, 0.5])[:, None, None]
    found = rank_entries([scores(values + rng.normal(0, 0.01, (3, 3, 30)))])
    assert [(r.entry, r.rank, r.low, r.high) for r in found.entries] == [
        ("b", 1, 1, 1), ("c", 2, 2, 2), ("a", 3, 3, 3),
    ]  # fmt: skip
    assert found.stability == 1


def test_shared_subjects_cancel() -> None:
    """A constant gain of 0.01 is certain, however much subjects differ."""
    one = np.random.default_rng(0).random((1, 1, 10))
    found = rank_entries([scores(np.concatenate([one, one + 0.01]))])
    assert [(r.entry, r.low, r.high) for r in found.entries] == [("b", 1, 1), ("a", 2, 2)]


def test_noise_makes_wide_intervals_and_little_stability() -> None:
    found = rank_entries([scores(np.random.default_rng(1).random((6, 3, 10)))])
    assert found.stability is not None and found.stability < 0.7
    assert found.entries[0].high is not None and found.entries[0].high >= 3


def test_identical_entries_share_their_rank() -> None:
    one = np.random.default_rng(0).random((1, 1, 9))
    found = rank_entries([scores(np.concatenate([one, one, one - 0.5]))])
    assert [(r.rank, r.low, r.high) for r in found.entries] == [(1.5, 1.5, 1.5)] * 2 + [(3, 3, 3)]


def test_lower_is_better() -> None:
    values = np.array([1.0, 3.0, 2.0])[:, None, None] + np.zeros((3, 2, 5))
    assert [r.entry for r in rank_entries([scores(values, False)]).entries] == ["a", "c", "b"]


def frame(value: float, seeds: int = 2) -> pd.DataFrame:
    return pd.DataFrame(value + 0.01 * np.arange(3)[None, :] + np.zeros((seeds, 1)))


Tables = dict[Hashable, pd.DataFrame]


def two_targets() -> list[TargetScores]:
    first: Tables = {
        "a": frame(0.9),
        "b": frame(0.8),
        "c": frame(0.7),
        "d": frame(0.85),
    }
    second: dict[Hashable, pd.DataFrame] = {
        "a": frame(0.5),
        "b": frame(0.6),
        "c": frame(0.7),
        "d": frame(0.9, seeds=1),
    }
    return [target_scores("one", first, [0, 1]), target_scores("two", second, [0, 1])]


def test_overall_ranks_only_entries_with_every_target() -> None:
    found = rank_entries(two_targets())
    assert {r.entry: (r.rank, r.low, r.high) for r in found.entries} == dict.fromkeys(
        "abc", (2, 2, 2)
    )
    assert found.missing == {"d": ("two: lacks seed 1",)} and found.stability is None


def test_overall_with_an_empty_target_ranks_nothing_and_says_why() -> None:
    found = rank_entries([*two_targets(), target_scores("three", {}, [0, 1])])
    assert found.entries == () and found.missing["a"] == ("three: no scores",)
    assert rank_entries([]).entries == ()


def test_entries_are_left_out_with_their_reason() -> None:
    hole = frame(0.5)
    hole.iloc[0, 0] = np.nan
    other = frame(0.3).rename(columns={0: "x"})
    tables: Tables = {"a": frame(0.1), "b": frame(0.2), "c": hole, "d": other}
    found = target_scores("t", tables, [0, 1])
    assert found.entries == ("a", "b") and found.values.shape == (2, 2, 3)
    assert "without a score" in found.left_out["c"] and "other subjects" in found.left_out["d"]


@pytest.mark.parametrize("shape", [(0, 2, 5), (1, 2, 5), (3, 1, 1), (3, 1, 5)])
def test_small_tables_rank_without_nan(shape: tuple[int, int, int]) -> None:
    found = rank_entries([scores(np.zeros(shape))])
    assert len(found.entries) == shape[0] and found.stability is None
    assert all(r.rank == (shape[0] + 1) / 2 for r in found.entries)
    assert all((r.low is None) == (shape[2] == 1) for r in found.entries)


def test_kendall_is_scipys_tau_b() -> None:
    rng = np.random.default_rng(0)
    ranks, draws = rng.integers(0, 4, 7).astype(float), rng.integers(0, 4, (20, 7)).astype(float)
    found = kendall_tau_b(ranks, draws)
    wanted = [stats.kendalltau(ranks, draw).statistic for draw in draws]
    assert found == pytest.approx(wanted)
    assert (
        kendall_tau_b(np.ones(3), draws[:, :3]) is None
        and kendall_tau_b(np.ones(1), np.ones((2, 1))) is None
    )
    assert kendall_tau_b(np.arange(3.0), np.ones((1, 3))) == pytest.approx([0])
