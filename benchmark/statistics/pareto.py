"""Pareto front of quality against cost."""

import numpy as np
import numpy.typing as npt

from benchmark.statistics.anova import Scores


def pareto_front(scores: Scores, costs: Scores) -> npt.NDArray[np.bool_]:
    """Whether no other entry dominates an entry (entries,).

    An entry is dominated by one that is at least as good and at most as costly, and better in one
    of the two. Equal entries do not dominate each other.

    Args:
        scores: One of each entry (entries,), finite; higher is better.
        costs: One of each entry (entries,), finite, all measured in one way; lower is better.
    """
    not_worse = (scores[:, None] >= scores) & (costs[:, None] <= costs)
    better = (scores[:, None] > scores) | (costs[:, None] < costs)
    return np.asarray(~(not_worse & better).any(axis=0))
