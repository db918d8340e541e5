"""Ranks with intervals: how far up and down an entry goes when subjects and seeds are redrawn.

All entries of a target share the redrawn subjects, so that only what is particular to an entry
moves it. What subjects and seeds have in common for all entries is subtracted first. The seeds'
part is a normal draw with the entry's own variance, or that of all entries where it is larger
(`variance.py`). Targets are taken as they are: nothing is said about other targets.

Bootstrap intervals of ranks are not exact where entries are equal or nearly so (Xie, Singh, Zhang,
JASA 104, 2009); they show instability, and `groups.py` tests for differences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from benchmark.statistics.anova import Scores, TwoWay, noise_of_means, standard_error, two_way
from benchmark.statistics.bootstrap import RESAMPLES, Covers, covers, start_draws, t_scale
from benchmark.statistics.ranks import average_ranks
from benchmark.statistics.scores import DECIMALS, Entry, TargetScores

Draws = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ranked:
    """One entry's rank, 1 for the best, ties averaged; bounds None where nothing is redrawn."""

    entry: Entry
    rank: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Ranking:
    """A ranking, best first.

    Attributes:
        entries: The ranked entries.
        stability: Mean Kendall tau-b of the ranking and its redraws: 1 if redrawing never changes
            it, 0 if it is chance. None with fewer than two entries, all tied, no redraws, or
            where it was not asked for.
        covers: What the intervals speak about.
        missing: Entries without a rank, each with the reasons.
    """

    entries: tuple[Ranked, ...]
    stability: float | None
    covers: Covers
    missing: Mapping[Entry, tuple[str, ...]]


def rank_target(
    scores: TargetScores, resamples: int = RESAMPLES, *, stability: bool = True
) -> Ranking:
    """Rank the entries of one target by their means; `stability` costs more than the rest."""
    ranks = _rank(scores.goodness.mean(axis=(1, 2))[None])[0]
    draws = rank_draws(scores, resamples) if len(scores.subjects) > 1 else None
    missing = {entry: (reason,) for entry, reason in scores.left_out.items()}
    what = covers(len(scores.seeds), len(scores.subjects))
    return _ranking(scores.entries, ranks, draws, what, missing, stability)


def rank_overall(targets: Sequence[TargetScores], resamples: int = RESAMPLES) -> Ranking:
    """Mean rank over all targets of the entries that have every target.

    Entries that lack a target do not take part, not even as competitors: each target is ranked
    again without them. They are listed with what they lack.

    Args:
        targets: All targets of the board, also those without any score.
        resamples: Number of redraws.
    """
    everyone = dict.fromkeys(entry for one in targets for entry in (*one.entries, *one.left_out))
    missing = {entry: lacks for entry in everyone if (lacks := _lacks(entry, targets))}
    whole = [entry for entry in everyone if entry not in missing]
    if not whole:
        return Ranking((), None, "nothing (one subject)", missing)
    kept = [one.only(whole) for one in targets]
    ranks = np.mean([_rank(one.goodness.mean(axis=(1, 2))[None])[0] for one in kept], axis=0)
    subjects = min(len(one.subjects) for one in kept)
    draws: Scores | None = None
    if subjects > 1:
        draws = np.zeros((resamples, len(whole)))
        for one in kept:
            draws += rank_draws(one, resamples)
        draws /= len(kept)
    what = covers(min(len(one.seeds) for one in kept), subjects)
    return _ranking(tuple(whole), np.asarray(ranks), draws, what, missing, True)


def _lacks(entry: Entry, targets: Sequence[TargetScores]) -> tuple[str, ...]:
    return tuple(
        f"{one.target}: {one.left_out.get(entry, 'no scores')}"
        for one in targets
        if entry not in one.entries
    )


@lru_cache(maxsize=64)
def rank_draws(scores: TargetScores, resamples: int) -> Draws:
    """Ranks (resamples, entries) under redrawn subjects and seeds; 1 is best, ties averaged.

    Halves and whole numbers fit into 32 bits, which are quicker to sort.

    Args:
        scores: Two or more subjects; any number of entries.
        resamples: Number of redraws.
    """
    good = scores.goodness
    entries, seeds, subjects = good.shape
    if entries < 2:
        return np.ones((resamples, entries), dtype=np.float32)
    own = good - good.mean(axis=0)
    found, share = two_way(own), entries / (entries - 1)
    noise = noise_of_means(good)
    apart = TwoWay(
        seeds,
        subjects,
        found.mean,
        found.seed * share,
        found.subject * share,
        found.residual * share,
    )
    error = standard_error(apart, noise)
    weights, normal = start_draws(subjects, resamples, scores.draw_seed, entries)
    draws = (own.mean(axis=1) - found.mean[:, None]) @ weights.T
    draws += normal.T * np.sqrt(error.seed_part)[:, None]
    draws *= t_scale(error.degrees.min()[None], resamples, scores.draw_seed)
    draws += found.mean[:, None]
    return _rank(np.ascontiguousarray(draws.T)).astype(np.float32)


def _rank(means: Scores) -> Scores:
    """Ranks along the last axis of means where higher is better."""
    return average_ranks(-np.round(means, DECIMALS))


def _ranking(
    entries: tuple[Entry, ...],
    ranks: Scores,
    draws: Scores | Draws | None,
    what: Covers,
    missing: Mapping[Entry, tuple[str, ...]],
    with_stability: bool,
) -> Ranking:
    bounds: list[tuple[float | None, float | None]] = [(None, None)] * len(entries)
    stability = None
    if draws is not None and len(entries):
        ordered, last = np.sort(np.ascontiguousarray(draws.T), axis=1), len(draws) - 1
        low, high = ordered[:, floor(0.025 * last)], ordered[:, ceil(0.975 * last)]
        bounds = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
        tau = kendall(ranks, draws) if with_stability else None
        stability = None if tau is None else float(tau.mean())
    order = np.argsort(ranks, kind="stable")
    rows = tuple(Ranked(entries[i], float(ranks[i]), *bounds[i]) for i in order)
    return Ranking(rows, stability, what, missing)


def kendall(ranks: Scores, draws: Scores | Draws) -> Scores | None:
    """Kendall's tau-b of ranks (K,) with each row of draws (B, K) (Biometrika 33, 1945).

    A draw that ties everything has tau 0. None when `ranks` has fewer than two entries or ties
    them all.
    """
    first, second = np.triu_indices(len(ranks), 1)
    untied = np.count_nonzero(ranks[first] != ranks[second])
    if not untied:
        return None
    agree, drawn_untied = np.zeros(len(draws)), np.zeros(len(draws))
    columns = np.ascontiguousarray(draws.T, dtype=np.float32)
    for place in range(len(ranks) - 1):
        fixed = np.sign(ranks[place] - ranks[place + 1 :]).astype(np.float32)
        drawn = np.sign(columns[place] - columns[place + 1 :])
        agree += fixed @ drawn
        drawn_untied += np.ones_like(fixed) @ np.abs(drawn)
    scale = np.sqrt(untied * drawn_untied)
    tau = np.zeros(len(draws))
    np.divide(agree, scale, out=tau, where=scale > 0)
    return tau
