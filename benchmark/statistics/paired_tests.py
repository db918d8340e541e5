"""Paired tests of all pairs of entries, valid with few seeds and with many zeros.

Two tests must agree, the larger p-value counts (intersection-union test, Berger,
Technometrics 24, 1982):

- Wilcoxon's signed-rank test over subjects, scores averaged over seeds: are most subjects better?
  Alone it mistakes the variation between seeds for a difference of the methods: where seeds and
  subjects add the same error to a mean, it splits 20 to 40 % of boards of four equal methods, and
  up to 95 % where scores are skewed (`tests/simulation/coverage.md`).
- Student's t of the mean difference with the standard error of `anova.py`: is the mean difference
  larger than subjects *and seeds* explain? The seed mean square is pooled over all pairs of the
  target, and a pair's own is used where it is larger.

Both are two-sided and must have the same sign; else p = 1. With one seed the variation between
seeds is unknown: then the claim is only that these trained networks differ.

The pooled seed mean square assumes that entries vary alike over seeds. Where a third of them varies
four times as much as the others, equal methods are split in about 5 % of boards with three or more
seeds, but in about 11 % with two. Few subjects limit the signed ranks: n subjects cannot give a
p-value below 2^(1 - n), and ten cannot separate a board of eight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from benchmark.statistics.anova import (
    Decomposition,
    Scores,
    SeedMeanSquare,
    TwoWayAnova,
    seed_ms_of_differences,
    standard_error,
)
from benchmark.statistics.scores import DECIMALS, Entry, TargetScores
from benchmark.statistics.signed_rank import signed_rank

ALPHA = 0.05
CHUNK = 2**16  # differences that are ranked together; so many fit into the cache of a core
Claim = Literal[
    "methods differ", "these trained networks differ (one seed)", "no claim (one subject)"
]


@dataclass(frozen=True)
class PairTests:
    """Tests of all pairs of the entries of one table.

    Attributes:
        entries: What is compared.
        means: Of each entry (entries,), in the order of the groups; higher is better.
        p: Two-sided p-values before correction (entries, entries), 1 on the diagonal and for
            pairs that Holm's correction over these and more pairs cannot reject.
        claim: What a small p-value shows.
        smallest: The smallest p-value that so few subjects allow.
    """

    entries: tuple[Entry, ...]
    means: Scores
    p: Scores
    claim: Claim
    smallest: float


def compare_pairs(
    targets: Sequence[TargetScores], scales: Sequence[float] | None = None
) -> PairTests:
    """Test all pairs of entries, on one target or on the mean over several.

    Over several targets the difference is the mean over targets of difference / scale, its
    variance the sum of theirs, and the signed ranks run over the subjects of all targets.

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
    scaled = [scores.oriented_scores / unit for scores, unit in zip(targets, units, strict=True)]
    means = np.mean([values.mean(axis=(1, 2)) for values in scaled], axis=0)
    seeds = min(values.shape[1] for values in scaled)
    subjects = [values.shape[2] for values in scaled]
    testable = min(subjects) > 1
    p = _p_values(scaled, testable)
    if not testable:
        return PairTests(targets[0].entries, means, p, "no claim (one subject)", 1.0)
    claim: Claim = "methods differ" if seeds > 1 else "these trained networks differ (one seed)"
    smallest = 2.0 ** (1 - sum(subjects))
    return PairTests(targets[0].entries, means, p, claim, smallest)


def _p_values(scaled: Sequence[Scores], testable: bool) -> Scores:
    """P-values (entries, entries) of scaled scores (entries, seeds, subjects) of each target."""
    entries = len(scaled[0])
    first, second = np.triu_indices(entries, 1)
    parts = [Decomposition.of(values) for values in scaled]
    anovas = [part.anova_of_differences(first, second) for part in parts]
    pooled = [seed_ms_of_differences(values) for values in scaled]
    mean, p_mean = mean_test(anovas, pooled)
    by_subject = np.concatenate([part.subject_means for part in parts], axis=1)
    p = np.ones((entries, entries))
    pairs = np.flatnonzero(may_be_rejected(p_mean)) if testable else np.empty(0, np.intp)
    size = max(1, CHUNK // by_subject.shape[1])
    for chunk in np.split(pairs, range(0, len(pairs), size)[1:]):
        i, j = first[chunk], second[chunk]
        sign, p_ranks = signed_rank(by_subject[i] - by_subject[j])
        agree = np.sign(np.round(mean[chunk], DECIMALS)) == sign
        p[i, j] = p[j, i] = np.where(agree, np.maximum(p_mean[chunk], p_ranks), 1.0)
    return p


def may_be_rejected(smallest: Scores) -> npt.NDArray[np.bool_]:
    """Pairs that Holm's correction may reject, given lower bounds of their p-values.

    If n p-values are t or more, with n t >= alpha, then the first of these in Holm's order is
    multiplied by n or more and not rejected, nor are those after it. Further pairs only increase
    the factors.

    Args:
        smallest: Lower bounds (K,).
    """
    ordered = np.sort(smallest)
    never = ordered * np.arange(len(ordered), 0, -1) >= ALPHA
    limit = ordered[never.argmax()] if never.any() else np.inf
    return np.asarray(smallest < limit)


def mean_test(
    anovas: Sequence[TwoWayAnova], pooled: Sequence[SeedMeanSquare | None]
) -> tuple[Scores, Scores]:
    """Mean over targets of K paired differences, and two-sided p-values of Student's t.

    Degrees of freedom of the sum of variances: Satterthwaite (Biometrics Bulletin 2, 1946).

    Args:
        anovas: Per target the analyses of variance of the K differences.
        pooled: Per target the pooled seed mean square.

    Returns:
        Means (K,) and p-values (K,). Without any variance p is 1 for a zero mean, else 0.
    """
    errors = [standard_error(anova, square) for anova, square in zip(anovas, pooled, strict=True)]
    mean = np.mean([anova.mean for anova in anovas], axis=0)
    variance = np.sum([error.variance for error in errors], axis=0)
    df_parts = np.sum([error.variance**2 / error.df for error in errors], axis=0)
    df = np.divide(variance**2, df_parts, out=np.ones_like(mean), where=df_parts > 0)
    error = np.sqrt(variance) / len(anovas)
    p = np.where(np.abs(mean) < 10.0**-DECIMALS, 1.0, 0.0)
    varies = error > 0
    p[varies] = 2 * stdtr(df[varies], -np.abs(mean[varies]) / error[varies])
    return mean, p


def holm(p: Scores, larger: int = 0) -> Scores:
    """Holm's step-down correction of p-values (n,) (Scandinavian J. Statistics 6, 1979).

    Args:
        p: Of some tests.
        larger: Number of further tests with larger p-values, whose corrected ones are not needed.
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p) + larger, larger, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1.0, steps)
    return corrected
