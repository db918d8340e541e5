"""Tie groups from p-values set by hand, and on boards."""

import numpy as np
import pytest
from support.boards import scores

from benchmark.statistics.paired_tests import PairTests, compare_pairs
from benchmark.statistics.tie_groups import tie_groups


def table(p: dict[tuple[int, int], float], k: int = 4, smallest: float = 0.0) -> PairTests:
    found = np.ones((k, k))
    for (i, j), value in p.items():
        found[i, j] = found[j, i] = value
    means = np.arange(k, 0, -1.0)
    return PairTests(tuple("abcdefgh"[:k]), means, found, "methods differ", smallest)


def test_groups_are_anchored_at_their_leader() -> None:
    """Only a > c, a > d and b > d: neighbours are never told apart, the ends are."""
    found = tie_groups([table({(0, 2): 1e-9, (0, 3): 1e-9, (1, 3): 1e-9})])[0]
    assert found.group == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_a_leader_of_the_second_group_is_compared_with_those_below_it() -> None:
    small = {(0, 1): 1e-9, (0, 2): 1e-9, (0, 3): 1e-9, (1, 3): 1e-9}
    assert tie_groups([table(small)])[0].group == {"a": 1, "b": 2, "c": 2, "d": 3}


def test_correction_runs_over_all_tables_of_the_board() -> None:
    alone = table({(0, 1): 0.03}, k=2)
    assert tie_groups([alone])[0].group == {"a": 1, "b": 2}
    both = tie_groups([alone, table({}, k=2)])
    assert [one.group for one in both] == [{"a": 1, "b": 1}, {"a": 1, "b": 1}]


def test_too_few_subjects_are_said_to_be_so() -> None:
    values = np.random.default_rng(0).random((8, 2, 6)) + 10 * np.arange(8)[:, None, None]
    found = tie_groups([compare_pairs([scores(values)])])[0]
    assert set(found.group.values()) == {1} and "too few subjects" in found.note


@pytest.mark.parametrize("k", [0, 1])
def test_boards_of_nothing_or_one(k: int) -> None:
    found = tie_groups([compare_pairs([scores(np.zeros((k, 2, 3)))])])[0]
    assert list(found.group.values()) == [1] * k and found.note == ""
    assert tie_groups([]) == []


def test_overall_groups_find_what_single_targets_do_not() -> None:
    rng = np.random.default_rng(0)
    boards = [
        scores(np.array([0.02, 0, 0])[:, None, None] + 0.05 * rng.normal(size=(3, 2, 12)))
        for _ in range(12)
    ]
    alone = tie_groups([compare_pairs([board]) for board in boards])
    assert all(max(one.group.values()) == 1 for one in alone)
    overall = tie_groups([compare_pairs(boards, [0.05] * 12)])[0]
    assert overall.group["a"] == 1 and overall.group["b"] == overall.group["c"] == 2
