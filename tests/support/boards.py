"""Targets for tests, made by hand."""

import numpy as np

from benchmark.statistics.scores import TargetScores


def scores(values: np.ndarray, higher_is_better: bool = True) -> TargetScores:
    """A target "t" of entries "a", "b", ... with values (entries, seeds, subjects)."""
    k, s, n = values.shape
    subjects = tuple(map(str, range(n)))
    return TargetScores(
        "t", tuple("abcdefgh"[:k]), tuple(range(s)), subjects, values, higher_is_better
    )
