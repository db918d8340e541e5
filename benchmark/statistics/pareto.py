"""Pareto front of quality against cost, for each timing method separately."""

import numpy as np
import pandas as pd


def pareto_front(
    table: pd.DataFrame,
    quality: str,
    cost: str,
    method: str,
    higher_is_better: bool = True,
) -> pd.Series:
    """Rows that no other row of the same timing method dominates.

    A row is dominated by one that is at least as good and at most as costly, and better in one of
    the two. Equal rows do not dominate each other. Costs of different methods (hardware, code,
    warm-up) are never compared. A row without quality, cost or method is on no front.

    Args:
        table: One row per entry.
        quality: Column of the score.
        cost: Column of the cost; lower is better.
        method: Column that names how the cost was measured.
        higher_is_better: Direction of the score.

    Returns:
        Booleans with the index of `table`.
    """
    front = np.zeros(len(table), dtype=bool)
    sign = 1.0 if higher_is_better else -1.0
    score = sign * table[quality].to_numpy(dtype=np.float64, na_value=np.nan)
    costs = table[cost].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(score) & np.isfinite(costs) & table[method].notna().to_numpy()
    for name in pd.unique(table.loc[known, method]):
        rows = np.flatnonzero(known & (table[method] == name).to_numpy())
        q, c = score[rows], costs[rows]
        not_worse = (q[:, None] >= q) & (c[:, None] <= c)
        better = (q[:, None] > q) | (c[:, None] < c)
        front[rows] = ~(not_worse & better).any(axis=0)
    return pd.Series(front, index=table.index)
