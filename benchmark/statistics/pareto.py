"""Pareto front of quality against cost, each timing method for itself."""

import numpy as np
import pandas as pd


def pareto_front(
    table: pd.DataFrame,
    quality: str,
    cost: str,
    method: str,
    higher_is_better: bool = True,
) -> pd.Series:
    """Which rows no other row of the same timing method beats.

    A row is beaten by one that is at least as good and at most as dear, and better in one of the
    two. Equal rows do not beat each other. Costs of different methods (hardware, code, warm-up)
    are never compared. A row without quality, cost or method is on no front.

    Args:
        table: One row an entry.
        quality: Column of the score.
        cost: Column of the cost; lower is better.
        method: Column that names how the cost was measured.
        higher_is_better: Direction of the score.

    Returns:
        Booleans with the index of `table`.
    """
    front = np.zeros(len(table), dtype=bool)
    sign = 1.0 if higher_is_better else -1.0
    good = sign * table[quality].to_numpy(dtype=np.float64, na_value=np.nan)
    dear = table[cost].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(good) & np.isfinite(dear) & table[method].notna().to_numpy()
    for name in pd.unique(table.loc[known, method]):
        rows = np.flatnonzero(known & (table[method] == name).to_numpy())
        q, c = good[rows], dear[rows]
        as_good = (q[:, None] >= q) & (c[:, None] <= c)
        better = (q[:, None] > q) | (c[:, None] < c)
        front[rows] = ~(as_good & better).any(axis=0)
    return pd.Series(front, index=table.index)
