"""Ranks with bootstrap intervals over subjects and seeds.

All entries of a target share the resampled subjects, so that only what is particular to an entry
moves it. What subjects and seeds have in common for all entries is subtracted first. The seeds'
part is a normal draw with the entry's own variance, or that of all entries where it is larger
(`anova.py`). Targets are taken as fixed: the intervals do not extend to other targets.

Bootstrap intervals of ranks are not exact where entries are equal or nearly so (Xie, Singh, Zhang,
JASA 104, 2009); they show instability, and `candidates.py` tests for differences. P(rank 1) is the
share of draws in which an entry is first, shared where several are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from benchmark.statistics.anova import Scores, standard_error, two_way_anova
from benchmark.statistics.bootstrap import RESAMPLES, draw_means
from benchmark.statistics.ranks import average_ranks
from benchmark.statistics.scores import DECIMALS, Entry, TargetScores
from benchmark.statistics.seed_noise import pooled_seed_ms

Draws = npt.NDArray[np.float32]


@dataclass(frozen=True)
class RankInterval:
    """Rank of one entry, 1 for the best, ties averaged; the others None without draws.

    `first` is the share of draws in which it is the best, which is P(rank 1).
    """

    entry: Entry
    rank: float
    low: float | None
    high: float | None
    first: float | None


@dataclass(frozen=True)
class Ranking:
    """A ranking, best first.

    Attributes:
        entries: The ranked entries.
        stability: Mean Kendall tau-b of the ranking and its draws: 1 if resampling never changes
            it, 0 if it is chance. None with fewer than two entries, all tied, no draws, or
            where it was not asked for.
        missing: Entries without a rank, each with the reasons.
    """

    entries: tuple[RankInterval, ...]
    stability: float | None
    missing: Mapping[Entry, tuple[str, ...]]


def rank_entries(targets: Sequence[TargetScores], *, stability: bool = True) -> Ranking:
    """Rank the entries of one target, or by their mean rank over several.

    Entries that lack a target do not take part, not even as competitors: each target is ranked
    again without them. They are listed with what they lack.

    Args:
        targets: All targets of the board, also those without any score; or one.
        stability: Whether it is asked for; it costs more than the rest.
    """
    names = dict.fromkeys(e for scores in targets for e in (*scores.entries, *scores.left_out))
    missing = {entry: lacks for entry in names if (lacks := _lacks(entry, targets))}
    entries = tuple(entry for entry in names if entry not in missing)
    if not entries:
        return Ranking((), None, missing)
    selected = [scores.select(entries) for scores in targets]
    ranks = np.asarray(np.mean([_ranks(scores) for scores in selected], axis=0))
    drawn: list[tuple[float | None, ...]] = [(None, None, None)] * len(entries)
    tau = None
    if min(len(scores.subjects) for scores in selected) > 1:
        draws = np.zeros((RESAMPLES, len(entries)))
        for scores in selected:
            draws += bootstrap_ranks(scores, RESAMPLES)
        draws /= len(selected)
        ordered, last = np.sort(np.ascontiguousarray(draws.T), axis=1), RESAMPLES - 1
        low, high = ordered[:, floor(0.025 * last)], ordered[:, ceil(0.975 * last)]
        best = draws == draws.min(axis=1, keepdims=True)
        first = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
        drawn = list(zip(low.tolist(), high.tolist(), first.tolist(), strict=True))
        tau = kendall_tau_b(ranks, draws) if stability else None
    order = np.argsort(ranks, kind="stable")
    rows = tuple(RankInterval(entries[i], float(ranks[i]), *drawn[i]) for i in order)
    return Ranking(rows, None if tau is None else float(tau.mean()), missing)


def _lacks(entry: Entry, targets: Sequence[TargetScores]) -> tuple[str, ...]:
    return tuple(
        f"{scores.target}: {scores.left_out.get(entry, 'no scores')}"
        for scores in targets
        if entry not in scores.entries
    )


@lru_cache(maxsize=64)
def bootstrap_ranks(scores: TargetScores, resamples: int) -> Draws:
    """Ranks (resamples, entries) of resampled subjects and seeds; 1 is best, ties averaged.

    Halves and integers fit into 32 bits, which are faster to sort.

    Args:
        scores: Two or more subjects; any number of entries.
        resamples: Number of draws.
    """
    oriented = scores.oriented_scores
    entries = len(oriented)
    if entries < 2:
        return np.ones((resamples, entries), dtype=np.float32)
    noise = pooled_seed_ms(oriented)
    pooled = np.full(entries, True) if noise is None else noise.df == noise.df.max()
    relative = oriented - oriented[pooled].mean(axis=0)
    # Subtracting the mean of some entries takes 1 / their number of their own variance away.
    unbiased = np.where(pooled, pooled.sum() / (pooled.sum() - 1), 1.0)
    anova = two_way_anova(relative)
    anova = replace(
        anova,
        ms_seed=anova.ms_seed * unbiased,
        ms_subject=anova.ms_subject * unbiased,
        ms_residual=anova.ms_residual * unbiased,
    )
    error = standard_error(anova, noise)
    df = np.minimum(error.df, error.df[pooled].min())  # outliers may have fewer
    draws = draw_means(relative, anova.mean, error, df, resamples, scores.bootstrap_seed)
    return _ranks_of_means(np.ascontiguousarray(draws.T)).astype(np.float32)


def _ranks(scores: TargetScores) -> Scores:
    ranks: Scores = _ranks_of_means(scores.oriented_means[None])[0]
    return ranks


def _ranks_of_means(means: Scores) -> Scores:
    """Ranks along the last axis of means (rows, entries) where higher is better."""
    return average_ranks(-np.round(means, DECIMALS))


def kendall_tau_b(ranks: Scores, draws: Scores) -> Scores | None:
    """Kendall's tau-b of ranks (K,) with each row of draws (B, K) (Biometrika 33, 1945).

    As `scipy.stats.kendalltau`, of all rows together. A draw that ties everything has tau 0. None
    when `ranks` has fewer than two entries or ties them all.
    """
    first, second = np.triu_indices(len(ranks), 1)
    untied = np.count_nonzero(ranks[first] != ranks[second])
    if not untied:
        return None
    concordance, drawn_untied = np.zeros(len(draws)), np.zeros(len(draws))
    columns = np.ascontiguousarray(draws.T, dtype=np.float32)
    for index in range(len(ranks) - 1):
        observed = np.sign(ranks[index] - ranks[index + 1 :]).astype(np.float32)
        drawn = np.sign(columns[index] - columns[index + 1 :])
        concordance += observed @ drawn
        drawn_untied += np.ones_like(observed) @ np.abs(drawn)
    scale = np.sqrt(untied * drawn_untied)
    tau = np.zeros(len(draws))
    np.divide(concordance, scale, out=tau, where=scale > 0)
    return tau
