"""Data of a critical-difference diagram (Demsar, JMLR 7, 2006), without the drawing.

Blocks are targets, or the subjects of one target. Entries are ranked within each block. Friedman's
test asks whether any differ, Nemenyi's critical difference which. Over targets the conclusions
extend to further targets of the same kind, and few targets have little power; over subjects they
hold for the trained networks as they are, seeds included.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, rankdata, studentized_range

from benchmark.statistics.anova import Scores
from benchmark.statistics.paired_tests import ALPHA
from benchmark.statistics.scores import DECIMALS


@dataclass(frozen=True)
class CriticalDifference:
    """Content of a diagram.

    Attributes:
        entries: Names, best mean rank first.
        mean_ranks: (k,), 1 is best, ties averaged.
        blocks: Number of blocks used.
        friedman_p: Chi-square approximation, corrected for ties; 1 if all blocks tie all entries.
            None with fewer than two entries or blocks.
        critical_difference: Nemenyi's, in mean ranks; None without a test.
        p: Pairwise p-values (k, k) corrected for all pairs, 1 on the diagonal.
        bars: Longest runs of entries (first, last index) that do not differ; length 2 or more. If
            Friedman's test is not significant, one bar over all.
        left_out: Entries and blocks that were not complete.
        note: Why there is no test, or "".
    """

    entries: tuple[str, ...]
    mean_ranks: Scores
    blocks: int
    friedman_p: float | None
    critical_difference: float | None
    p: Scores
    bars: tuple[tuple[int, int], ...]
    left_out: tuple[str, ...]
    note: str


def critical_difference(scores: pd.DataFrame) -> CriticalDifference:
    """Mean ranks over blocks, Friedman's test, and which pairs of entries differ.

    Blocks without any score are dropped first, then entries that lack a block.

    Args:
        scores: One row per block, one column per entry; higher is better.
    """
    rows = scores.dropna(how="all")
    complete = rows.dropna(axis=1, how="any")
    left_out = tuple(
        map(str, [*scores.index.difference(rows.index), *rows.columns.difference(complete.columns)])
    )
    complete = complete if len(complete) else complete.iloc[:, :0]
    values = np.round(complete.to_numpy(dtype=np.float64), DECIMALS)
    blocks, k = values.shape
    ranks = np.asarray(rankdata(-values, axis=1), dtype=np.float64)
    mean_ranks = ranks.sum(axis=0) / max(1, blocks)
    order = np.argsort(mean_ranks, kind="stable")
    names, mean_ranks = tuple(str(complete.columns[i]) for i in order), mean_ranks[order]
    if k < 2 or blocks < 2:
        note = "a test needs two or more entries and two or more blocks"
        return CriticalDifference(
            names, mean_ranks, blocks, None, None, np.ones((k, k)), (), left_out, note
        )
    friedman_p = _friedman(ranks)
    unit = float(np.sqrt(k * (k + 1) / (12 * blocks)))
    difference = float(studentized_range.ppf(1 - ALPHA, k, np.inf)) * unit
    q = np.abs(mean_ranks[:, None] - mean_ranks) / unit
    p = np.clip(studentized_range.sf(q, k, np.inf), 0.0, 1.0)
    bars = ((0, k - 1),) if friedman_p >= ALPHA else _bars(p)
    return CriticalDifference(
        names, mean_ranks, blocks, friedman_p, difference, p, bars, left_out, ""
    )


def _friedman(ranks: Scores) -> float:
    """Friedman's test with correction for ties (Conover, 1999, section 5.8).

    As `scipy.stats.friedmanchisquare`, which refuses two entries and gives NaN if all are tied.
    """
    blocks, k = ranks.shape
    between = float(((ranks.sum(axis=0) - blocks * (k + 1) / 2) ** 2).sum())
    within = float((ranks**2).sum()) - blocks * k * (k + 1) ** 2 / 4
    return float(chi2.sf((k - 1) * between / within, k - 1)) if within > 0 else 1.0


def _bars(p: Scores) -> tuple[tuple[int, int], ...]:
    """Longest runs in which no pair differs, none inside another."""
    k = len(p)
    runs: list[tuple[int, int]] = []
    for first in range(k):
        last = first
        while last + 1 < k and (p[first : last + 1, last + 1] >= ALPHA).all():
            last += 1
        if last > first and not any(a <= first and last <= b for a, b in runs):
            runs.append((first, last))
    return tuple(runs)
