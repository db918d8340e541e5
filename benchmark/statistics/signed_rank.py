"""Average ranks, and Wilcoxon's signed-rank test of many samples, exact also with ties and zeros.

`scipy.stats.wilcoxon` is exact only without ties and zeros, which Dice scores often have. Its
`rankdata` took 2 to 7 times as long as the ranks below on 2000 rows of 8 to 120 values, and 3 to 10
times as long on the sorted rows of the test (SciPy 1.17, one core).
"""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from benchmark.statistics.anova import Scores
from benchmark.statistics.scores import DECIMALS

EXACT_SUBJECTS = 50


def average_ranks(values: Scores) -> Scores:
    """Ranks along the last axis of finite values (rows, n), 1 for the smallest, ties averaged."""
    order = np.argsort(values, axis=-1) + values.shape[-1] * np.arange(len(values))[:, None]
    ordered = np.take(values, order)
    ranks = np.empty(values.shape)
    ranks.ravel()[order] = np.arange(1.0, values.shape[-1] + 1)
    tied = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=-1))
    if len(tied):
        ranks.ravel()[order[tied]] = ranks_of_sorted(ordered[tied])
    return ranks


def ranks_of_sorted(rows: npt.NDArray[Any]) -> Scores:
    """Ranks along the last axis of sorted rows (rows, n), n above 0, ties averaged."""
    starts_tie = np.ones(rows.shape, dtype=np.bool_)
    starts_tie[:, 1:] = rows[:, 1:] != rows[:, :-1]
    starts = np.flatnonzero(starts_tie)
    lengths = np.diff(starts, append=rows.size)
    ranks = starts % rows.shape[1] + (lengths + 1) / 2
    return np.repeat(ranks, lengths).reshape(rows.shape)


def signed_rank(differences: Scores) -> tuple[Scores, Scores]:
    """Wilcoxon's signed-rank test of each row, exact up to 50 subjects also with ties and zeros.

    Zeros take part in the ranking and then drop out (Pratt, JASA 54, 1959), ties get their mean
    rank. The exact distribution is that of the observed ranks under random signs; beyond 50
    subjects its normal approximation is used.

    Args:
        differences: (K, subjects); values closer than 1e-12 are ties.

    Returns:
        Sign of each statistic (K,): 1 where positive ranks prevail, 0 where neither does; and
        two-sided p-values (K,), 1 where all differences are zero.
    """
    sizes, negative = _sorted_by_size(differences)
    plain = (sizes[:, 0] > 0) & (sizes[:, 1:] > sizes[:, :-1]).all(axis=1)  # no zeros, no ties
    # Twice the ranks are integers; without zeros and ties they are the same in all rows.
    plain_ranks = 2 * np.arange(1, differences.shape[1] + 1)
    sums = plain_ranks.sum() - 2 * (negative @ plain_ranks.astype(np.float64)).astype(np.int64)
    tied = np.flatnonzero(~plain)
    ranks = 2 * ranks_of_sorted(sizes[tied]) * (sizes[tied] > 0)
    sums[tied] = ((1 - 2 * negative[tied]) * ranks).sum(axis=1)
    if differences.shape[1] <= EXACT_SUBJECTS:
        p = _exact_p(plain_ranks.tobytes())[np.abs(np.where(plain, sums, 0))]
        for row, own_ranks in zip(tied, ranks.astype(np.int64), strict=True):
            p[row] = _exact_p(own_ranks.tobytes())[abs(sums[row])]
    else:
        variance = np.full(len(sums), float(plain_ranks @ plain_ranks))
        variance[tied] = (ranks**2).sum(axis=1)
        sd = np.sqrt(variance)
        p = 2 * ndtr(-np.divide(np.abs(sums), sd, out=np.zeros_like(sd), where=sd > 0))
    return np.sign(sums).astype(np.float64), np.minimum(1.0, p).astype(np.float64)


def _sorted_by_size(differences: Scores) -> tuple[npt.NDArray[np.uint64], Scores]:
    """Rows sorted by absolute value: the values as integers of equal order, 1 where negative.

    The bits of a float without its sign, read as an integer, have the order of its size; with the
    sign appended as the last bit, one sort of integers does for both.
    """
    bits = np.round(differences.astype(np.float64), DECIMALS).view(np.uint64)
    ordered = np.sort((bits << 1) | (bits >> 63), axis=1)
    sizes: npt.NDArray[np.uint64] = (ordered >> 1).astype(np.uint64, copy=False)
    return sizes, (ordered & 1).astype(np.float64)


@lru_cache(maxsize=4096)
def _exact_p(ranks: bytes) -> npt.NDArray[np.float64]:
    """P(|sum of randomly signed ranks| >= s) for s = 0, 1, ..., sum of ranks (64-bit integers)."""
    sizes = [int(rank) for rank in np.frombuffer(ranks, dtype=np.int64)]
    total = sum(sizes)
    probability = np.zeros(2 * total + 1)
    probability[total] = 1.0
    for size in sizes:
        if size:
            step = np.zeros_like(probability)
            step[size:] = probability[:-size] / 2
            step[:-size] += probability[size:] / 2
            probability = step
    tail = np.cumsum(probability[total:][::-1])[::-1]
    tail[1:] *= 2
    tail[0] = 1.0
    return np.asarray(tail, dtype=np.float64)
