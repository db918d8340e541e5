"""Is one entry worse than another? Paired tests of all pairs, safe against seeds and zeros.

Two tests must agree, the larger p-value counts (intersection-union test, Berger 1982):

- Wilcoxon's signed-rank test over subjects, scores averaged over seeds: do most subjects say so?
  Alone it takes the luck of the seeds for a difference of the methods: where seeds and subjects
  add the same error to a mean, it splits 20 to 40 % of boards of four equal methods, and up to
  95 % where scores are skewed (`tests/simulation/coverage.md`).
- Student's t of the mean difference with the standard error of `variance.py`: is the mean
  difference larger than subjects *and seeds* explain? The seed noise is pooled over all pairs of
  the target, and a pair's own is used where it is larger.

Both are two-sided and must point the same way; else p = 1. With one seed there is no seed noise
to compare with: then the claim is only that these trained networks differ.

The pooled seed noise assumes that entries scatter alike over seeds. Where a third of them scatters
four times as much as the rest, equal methods are split in about 5 % of boards with three or more
seeds, but in about 11 % with two. Few subjects limit the signed ranks: n subjects cannot give a
p-value below 2^(1 - n), and ten cannot separate a board of eight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from benchmark.statistics.anova import (
    Effects,
    Scores,
    SeedNoise,
    TwoWay,
    noise_of_differences,
    standard_error,
)
from benchmark.statistics.ranks import ordered_ranks
from benchmark.statistics.scores import DECIMALS, Entry, TargetScores

ALPHA = 0.05
EXACT_SUBJECTS = 50
CHUNK = 2**16  # differences that are ranked together; these stay in the cache of a core
Claim = Literal[
    "methods differ", "these trained networks differ (one seed)", "no claim (one subject)"
]


@dataclass(frozen=True)
class PairTests:
    """Tests of all pairs of the entries of one table.

    Attributes:
        entries: What is compared.
        means: What orders them (entries,); higher is better.
        p: Two-sided p-values before correction (entries, entries), 1 on the diagonal and for
            pairs that no correction of Holm over these and more pairs would tell apart.
        claim: What a small p-value says.
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
        scales: What differences are divided by to be comparable across targets; all above 0.
            None stands for 1.

    Raises:
        ValueError: No target, entries that differ, or a scale that is not above 0.
    """
    if not targets or any(one.entries != targets[0].entries for one in targets):
        raise ValueError("pairs need one or more targets with the same entries")
    units = [1.0] * len(targets) if scales is None else list(scales)
    if len(units) != len(targets) or not all(unit > 0 for unit in units):
        raise ValueError("each target needs a scale above 0")
    entries = targets[0].entries
    good = [one.goodness / unit for one, unit in zip(targets, units, strict=True)]
    seeds, subjects = min(x.shape[1] for x in good), min(x.shape[2] for x in good)
    noises = [noise_of_differences(x) for x in good]
    first, second = np.triu_indices(len(entries), 1)
    effects = [Effects.of(x) for x in good]
    mean, p_mean = mean_test([x.between(first, second) for x in effects], noises)
    by_subject = np.concatenate([x.subject for x in effects], axis=1)
    p = np.ones((len(entries), len(entries)))
    asked = np.flatnonzero(may_be_rejected(p_mean)) if subjects > 1 else np.empty(0, np.intp)
    for part in np.split(asked, range(0, len(asked), max(1, CHUNK // by_subject.shape[1]))[1:]):
        i, j = first[part], second[part]
        sign, p_ranks = signed_rank(by_subject[i] - by_subject[j])
        same = np.sign(np.round(mean[part], DECIMALS)) == sign
        p[i, j] = p[j, i] = np.where(same, np.maximum(p_mean[part], p_ranks), 1.0)
    claim: Claim = "methods differ" if seeds > 1 else "these trained networks differ (one seed)"
    return PairTests(
        entries,
        np.mean([x.mean(axis=(1, 2)) for x in good], axis=0),
        p,
        claim if subjects > 1 else "no claim (one subject)",
        float(min(1.0, 2.0 ** (1 - sum(x.shape[2] for x in good)))) if subjects > 1 else 1.0,
    )


def may_be_rejected(smallest: Scores) -> npt.NDArray[np.bool_]:
    """Which of some pairs Holm's correction could tell apart, if p-values are at least these.

    Let n of them be t or more, with n t >= alpha: the first of these that Holm comes to has n
    or more p-values still to come, itself included, and is not rejected, nor are those after it.
    More pairs to correct for only leave more to come.

    Args:
        smallest: (K,)
    """
    ordered = np.sort(smallest)
    never = ordered * np.arange(len(ordered), 0, -1) >= ALPHA
    limit = ordered[never.argmax()] if never.any() else np.inf
    return np.asarray(smallest < limit)


def mean_test(found: Sequence[TwoWay], noises: Sequence[SeedNoise | None]) -> tuple[Scores, Scores]:
    """Mean over targets of K paired differences, and two-sided p-values of Student's t.

    Args:
        found: Per target the analyses of variance of the K differences.
        noises: Per target the pooled seed noise.

    Returns:
        Means (K,) and p-values (K,). Without any spread p is 1 for a zero mean, else 0.
    """
    errors = [standard_error(a, noise) for a, noise in zip(found, noises, strict=True)]
    mean = np.mean([a.mean for a in found], axis=0)
    variance = np.sum([e.variance for e in errors], axis=0)
    parts = np.sum([e.variance**2 / e.degrees for e in errors], axis=0)
    degrees = np.divide(variance**2, parts, out=np.ones_like(mean), where=parts > 0)
    error = np.sqrt(variance) / len(found)
    p = np.where(np.abs(mean) < 10.0**-DECIMALS, 1.0, 0.0)
    some = error > 0
    p[some] = 2 * stdtr(degrees[some], -np.abs(mean[some]) / error[some])
    return mean, p


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
    bits = np.round(differences.astype(np.float64), DECIMALS).view(np.uint64)
    ordered = np.sort((bits << 1) | (bits >> 63), axis=1)  # by size; the last bit is the sign
    sizes, negative = ordered >> 1, (ordered & 1).astype(np.float64)
    plain = (sizes[:, 0] > 0) & (sizes[:, 1:] > sizes[:, :-1]).all(axis=1)  # no zeros, no ties
    usual = 2 * np.arange(1, differences.shape[1] + 1)
    sums = usual.sum() - 2 * (negative @ usual.astype(np.float64)).astype(np.int64)
    odd = np.flatnonzero(~plain)
    ranks = 2 * ordered_ranks(sizes[odd]) * (sizes[odd] > 0)
    sums[odd] = ((1 - 2 * negative[odd]) * ranks).sum(axis=1)
    if differences.shape[1] <= EXACT_SUBJECTS:
        p = _tail(usual.tobytes())[np.abs(np.where(plain, sums, 0))]
        for row, own in zip(odd, ranks.astype(np.int64), strict=True):
            p[row] = _tail(own.tobytes())[abs(sums[row])]
    else:
        squares = np.full(len(sums), float(usual @ usual))
        squares[odd] = (ranks**2).sum(axis=1)
        deviation = np.sqrt(squares)
        z = np.divide(np.abs(sums), deviation, out=np.zeros_like(deviation), where=deviation > 0)
        p = 2 * ndtr(-z)
    return np.sign(sums).astype(np.float64), np.minimum(1.0, p).astype(np.float64)


@lru_cache(maxsize=4096)
def _tail(row: bytes) -> npt.NDArray[np.float64]:
    """P(|sum of randomly signed ranks| >= s) for s = 0, 1, ..., sum of ranks (64-bit integers)."""
    ranks = [int(rank) for rank in np.frombuffer(row, dtype=np.int64)]
    total = sum(ranks)
    chance = np.zeros(2 * total + 1)
    chance[total] = 1.0
    for rank in ranks:
        if rank:
            step = np.zeros_like(chance)
            step[rank:] = chance[:-rank] / 2
            step[:-rank] += chance[rank:] / 2
            chance = step
    above = np.cumsum(chance[total:][::-1])[::-1]
    above[1:] *= 2
    above[0] = 1.0
    return np.asarray(above, dtype=np.float64)


def holm(p: Scores, larger: int = 0) -> Scores:
    """Holm's step-down correction of p-values (n,) (Scandinavian J. Statistics 6, 1979).

    Args:
        p: Of some tests.
        larger: Number of further tests; their p-values are larger, and not asked for.
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p) + larger, larger, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1.0, steps)
    return corrected
