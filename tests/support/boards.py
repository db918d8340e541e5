"""Targets for tests, made by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from benchmark.statistics.intervals import estimates
from benchmark.statistics.scores import Entry, TargetScores, stack_runs


def scores(values: np.ndarray, higher_is_better: bool = True) -> TargetScores:
    """A target "t" of entries "a", "b", ... with values (entries, seeds, subjects)."""
    k, s, n = values.shape
    subjects = tuple(map(str, range(n)))
    return TargetScores(
        "t", tuple("abcdefgh"[:k]), tuple(range(s)), subjects, values, higher_is_better
    )


def target_scores(
    target: str,
    tables: Mapping[Entry, pd.DataFrame],
    seeds: Sequence[int],
    higher_is_better: bool = True,
) -> TargetScores:
    """As `stack_runs`, from one table per entry: one row per seed, one column per subject."""
    runs = {
        entry: {
            int(str(seed)): (tuple(sorted(map(str, table.columns))), row.to_numpy(np.float64))
            for seed, row in table.rename(columns=str).sort_index(axis=1).iterrows()
        }
        for entry, table in tables.items()
    }
    return stack_runs(target, runs, seeds, higher_is_better)


def mean_interval(scores: np.ndarray) -> tuple[float, float | None, float | None]:
    """Mean and bounds of one matrix (seeds, subjects)."""
    estimate = estimates(scores[None])[0]
    return estimate.value, estimate.low, estimate.high
