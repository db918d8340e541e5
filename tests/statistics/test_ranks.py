"""Average ranks: against scipy."""

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics.ranks import average_ranks, ranks_of_sorted


@pytest.mark.parametrize("high", [2, 5, 10**6])
def test_average_ranks_are_scipys(high: int) -> None:
    values = np.random.default_rng(0).integers(0, high, (50, 11)).astype(float)
    assert (average_ranks(values) == stats.rankdata(values, axis=1)).all()
    assert (average_ranks(values[:, :1]) == 1).all()
    ordered = np.sort(values, axis=1)
    assert (ranks_of_sorted(ordered) == stats.rankdata(ordered, axis=1)).all()
