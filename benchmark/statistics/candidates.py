"""Group a: the candidates for the best entry of a table, by comparisons with the best.

An entry is left out of a if another one is better than it by more than the luck of subjects and
seeds explains (Hsu, Annals of Statistics 12, 1984). The test of an entry against all k others uses
the largest of the k differences, each divided by its standard error, and the distribution of the
largest of k Student's t with correlation 1/2 (Dunnett, JASA 50, 1955). So the entry that is truly
the best is in a with 95 % confidence, per table: the family is the comparisons of one table, and
no claim is made about the order of the others. Entries that are equal to the best may be left out
together in more than 5 % of boards; the best one of them is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv, ndtr, stdtr

from benchmark.statistics.anova import Decomposition, Scores, mean_of_targets, standard_error
from benchmark.statistics.scores import DECIMALS, Entry, TargetScores
from benchmark.statistics.seed_noise import pooled_seed_ms

ALPHA = 0.05
LETTER = "a"
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
CHI_NODES, CHI_WEIGHTS = np.polynomial.legendre.leggauss(80)
Claim = Literal[
    "the best method", "the best of these trained networks (one seed)", "no claim (one subject)"
]


@dataclass(frozen=True)
class Candidates:
    """The candidates for the best of one table.

    Attributes:
        entries: All entries.
        p: P-value of each entry being the best (entries,).
        claim: What is in group a with 95 % confidence.
    """

    entries: tuple[Entry, ...]
    p: Scores
    claim: Claim

    @property
    def among(self) -> npt.NDArray[np.bool_]:
        """Whether each entry is in group a (entries,)."""
        return np.asarray(self.p >= ALPHA)


def candidates_for_best(
    targets: Sequence[TargetScores], scales: Sequence[float] | None = None
) -> Candidates:
    """The candidates for the best on one target, or by the mean over several.

    Over several targets a difference is the mean over targets of difference / scale, its
    variance the sum of theirs: targets are taken as fixed.

    Args:
        targets: At least one; each with the same entries in the same order.
        scales: Divisors that make differences comparable across targets; all above 0.
            None stands for 1.

    Raises:
        ValueError: No target, entries that differ, or a scale that is not above 0.
    """
    if not targets or any(scores.entries != targets[0].entries for scores in targets):
        raise ValueError("pairs need one or more targets with the same entries")
    units = [1.0] * len(targets) if scales is None else list(scales)
    if len(units) != len(targets) or not all(unit > 0 for unit in units):
        raise ValueError("each target needs a scale above 0")
    entries = targets[0].entries
    scaled = [scores.oriented_scores / unit for scores, unit in zip(targets, units, strict=True)]
    if min(values.shape[2] for values in scaled) < 2:
        return Candidates(entries, np.ones(len(entries)), "no claim (one subject)")
    seeds = min(values.shape[1] for values in scaled)
    claim: Claim = (
        "the best method" if seeds > 1 else "the best of these trained networks (one seed)"
    )
    return Candidates(entries, _p_of_being_best(scaled), claim)


def _p_of_being_best(scaled: Sequence[Scores]) -> Scores:
    """P-values (entries,) from scaled scores (entries, seeds, subjects) of each target."""
    count = len(scaled[0])
    if count < 2:
        return np.ones(count)
    first, second = np.triu_indices(count, 1)
    anovas = [Decomposition.of(values).anova_of_differences(first, second) for values in scaled]
    errors = [
        standard_error(anova, pooled_seed_ms(values, first, second))
        for anova, values in zip(anovas, scaled, strict=True)
    ]
    mean = np.mean([anova.mean for anova in anovas], axis=0)
    mean = np.where(np.abs(mean) < 10.0**-DECIMALS, 0.0, mean)
    error = mean_of_targets(errors)
    deviation = np.sqrt(error.variance)
    statistic = np.where(mean == 0, 0.0, np.copysign(np.inf, mean))
    np.divide(mean, deviation, out=statistic, where=deviation > 0)
    t, df = np.zeros((count, count)), np.ones((count, count))
    t[first, second], t[second, first] = statistic, -statistic  # row minus column
    df[first, second] = df[second, first] = error.df
    alone = stdtr(df, -t)  # of each comparison by itself
    np.fill_diagonal(alone, 1.0)
    winner, loser = alone.argmin(axis=0), np.arange(count)
    return largest_t_exceeds(t[winner, loser], count - 1, df[winner, loser])


def largest_t_exceeds(t: Scores, k: int, df: Scores) -> Scores:
    """P(the largest of k Student's t with pairwise correlation 1/2 exceeds t), for each t.

    The one-sided distribution of Dunnett's comparisons with a control, by quadrature over the
    control and over the common standard deviation.

    Args:
        t: (n,), may be infinite.
        k: Number of comparisons, 1 or more.
        df: Degrees of freedom (n,).
    """
    levels = (CHI_NODES + 1) / 2
    chi = np.sqrt(2 * gammaincinv(df[:, None] / 2, levels) / df[:, None])
    below = ndtr(np.sqrt(2) * np.clip(t, -1e9, 1e9)[:, None, None] * chi[..., None] + NODES) ** k
    inner = below @ (WEIGHTS / WEIGHTS.sum())
    return np.asarray(np.clip(1 - inner @ (CHI_WEIGHTS / 2), 0.0, 1.0), dtype=np.float64)
