"""Pareto front of quality against cost, for each timing method separately."""

import numpy as np
import pandas as pd


def pareto_front(table: pd.DataFrame, higher_is_better: bool = True) -> pd.Series:
    """Rows that no other row of the same timing method dominates.

    A row is dominated by one that is at least as good and at most as costly, and better in one of
    the two. Equal rows do not dominate each other. Costs of different methods (hardware, code,
    warm-up) are never compared. A row without score, cost or method is on no front.

    Args:
        table: One row per entry, with the columns `score`, `cost` (lower is better) and `method`
            (how the cost was measured).
        higher_is_better: Direction of the score.

    Returns:
        Booleans with the index of `table`.
    """
    front = pd.Series(False, index=table.index)
    sign = 1.0 if higher_is_better else -1.0
    numbers = table[["score", "cost"]].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(numbers).all(axis=1) & table["method"].notna().to_numpy()
    for method in pd.unique(table.loc[known, "method"]):
        rows = np.flatnonzero(known & (table["method"] == method).to_numpy())
        q, c = sign * numbers[rows, 0], numbers[rows, 1]
        not_worse = (q[:, None] >= q) & (c[:, None] <= c)
        better = (q[:, None] > q) | (c[:, None] < c)
        front.iloc[rows] = ~(not_worse & better).any(axis=0)
    return front
