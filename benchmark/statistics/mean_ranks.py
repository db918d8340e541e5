"""Mean ranks over blocks, and Friedman's test of whether any entry differs.

Blocks are targets, or the subjects of one target; entries are ranked within each block. Which
entries may be the best is said by `candidates.py`, in figures as in tables.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from benchmark.statistics.anova import Scores
from benchmark.statistics.ranks import average_ranks
from benchmark.statistics.scores import DECIMALS


@dataclass(frozen=True)
class MeanRanks:
    """Mean ranks of the complete entries.

    Attributes:
        entries: Names, best mean rank first.
        mean_ranks: (k,), 1 is best, ties averaged.
        blocks: Number of blocks used.
        friedman_p: Chi-square approximation, corrected for ties; 1 if all blocks tie all entries.
            None with fewer than two entries or blocks.
        note: Why there is no test, or "".
    """

    entries: tuple[str, ...]
    mean_ranks: Scores
    blocks: int
    friedman_p: float | None
    note: str


def rank_over_blocks(scores: pd.DataFrame) -> MeanRanks:
    """Mean ranks over blocks and Friedman's test.

    Blocks without any score are dropped first, then entries that lack a block.

    Args:
        scores: One row per block, one column per entry; higher is better.
    """
    complete = scores.dropna(how="all").dropna(axis=1, how="any")
    complete = complete if len(complete) else complete.iloc[:, :0]
    values = np.round(complete.to_numpy(dtype=np.float64), DECIMALS)
    blocks, k = values.shape
    ranks = average_ranks(-values)
    mean_ranks = ranks.sum(axis=0) / max(1, blocks)
    order = np.argsort(mean_ranks, kind="stable")
    names, mean_ranks = tuple(str(complete.columns[i]) for i in order), mean_ranks[order]
    if k < 2 or blocks < 2:
        note = "a test needs two or more entries and two or more blocks"
        return MeanRanks(names, mean_ranks, blocks, None, note)
    return MeanRanks(names, mean_ranks, blocks, _friedman(ranks), "")


def _friedman(ranks: Scores) -> float:
    """Friedman's test with correction for ties (Conover, 1999, section 5.8).

    As `scipy.stats.friedmanchisquare`, which refuses two entries and gives NaN if all are tied.
    """
    blocks, k = ranks.shape
    between = float(((ranks.sum(axis=0) - blocks * (k + 1) / 2) ** 2).sum())
    within = float((ranks**2).sum()) - blocks * k * (k + 1) ** 2 / 4
    return float(chdtrc(k - 1, (k - 1) * between / within)) if within > 0 else 1.0
