"""Targets on which nothing has learned: the floor, the empty prediction, and a gain."""

from collections.abc import Hashable

import numpy as np
import pytest
from support.boards import scores

from benchmark.statistics.learned import nothing_learned

BASE: dict[Hashable, Hashable] = {"a": "a", "b": "a"}


def target(*means: float, spread: float = 0.02) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, spread, (len(means), 2, 20))
    return np.asarray(np.array(means)[:, None, None] + noise)


@pytest.mark.parametrize(
    ("means", "blank", "nothing"),
    [
        ((0.02, 0.03), 0.0, True),
        ((0.02, 0.15), 0.0, False),
        ((0.42, 0.43), 0.4, True),
        ((0.42, 0.43), 0.0, False),
        ((0.01, 0.09), 0.0, False),  # below the floor, but a clear gain
    ],
)
def test_the_rule(means: tuple[float, ...], blank: float, nothing: bool) -> None:
    assert nothing_learned([(scores(target(*means, spread=0.03)), BASE)], blank) == nothing


def test_another_setting_that_has_learned_counts() -> None:
    low, high = (scores(target(*means)) for means in ((0.02, 0.02), (0.02, 0.5)))
    assert nothing_learned([(low, BASE)], 0.0) and not nothing_learned([(low, BASE), (high, {})], 0)
    assert not nothing_learned([], 0.0)
