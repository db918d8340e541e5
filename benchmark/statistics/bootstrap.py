"""Intervals of means over subjects and seeds: a bootstrap that few seeds cannot make too narrow.

Subjects are resampled, shared by all entries; seeds are too few to be resampled (two seeds give
three different resamples, whose variance is half of what it should be). Each draw is

    mean + (resampled subjects) + (normal with the seed part of the variance),

the subjects' part widened by sqrt(n / (n - 1)) and both by a common factor that gives the
draws the tails of Student's t, with the standard error and the Satterthwaite degrees of freedom of
`anova.py`. The 2.5th and 97.5th percentile of the draws bound the interval: for one seed this
is the expanded percentile interval (Hesterberg, The American Statistician 69, 2015), which keeps
the skewness of the scores.

What it covers, in simulations (`tests/simulation/coverage.md`):

- 2 to 5 seeds, 10 or more subjects: 93 to 97 %. With the seed mean square of one entry alone
  (`pooled` None) only while seeds add no more error than subjects do; with two seeds and three
  times the error 88 to 90 %.
- One seed: 93 to 97 % for the trained networks. Training again may give another mean, which
  the interval does not cover; its label states this.
- Rare failures: where one subject in twenty scores 0, a small sample often holds none, and no
  interval can account for them. Means then cover 70 to 88 % with 10 subjects, 82 to 90 % with 35,
  92 to 95 % with 100; gains, in which shared failures cancel, 90 to 98 %.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from benchmark.statistics.anova import (
    Scores,
    SeedMeanSquare,
    StandardError,
    standard_error,
    two_way_anova,
)

RESAMPLES = 2000
CACHED_SIZE = 5 * 10**5  # arrays of at most so many numbers are kept for targets of equal shape
Covers = Literal["subjects and seeds", "subjects only (one seed)", "nothing (one subject)"]


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval; the bounds are None when there is nothing to resample."""

    value: float
    low: float | None
    high: float | None
    covers: Covers


def estimates(
    scores: Scores,
    pooled: SeedMeanSquare | None = None,
    resamples: int = RESAMPLES,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    seed: int = 0,
) -> list[Estimate]:
    """Mean and 95 % interval of each of K score matrices.

    Constant scores give an interval of zero width: they hold no evidence of other values.

    Args:
        scores: (K, seeds, subjects).
        pooled: Mean square between seeds pooled over entries; see `standard_error`.
        resamples: Number of draws.
        bounds: Smallest and largest possible mean; an interval does not reach beyond.
        seed: Of the draws.
    """
    anova = two_way_anova(scores)
    draws = bootstrap_means(scores, pooled, resamples, seed)
    return percentile_intervals(anova.mean, draws, covers(anova.seeds, anova.subjects), bounds)


def percentile_intervals(
    means: Scores,
    draws: Scores,
    covered: Covers,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> list[Estimate]:
    """Estimates from means (K,) and their draws (resamples, K)."""
    if covered == "nothing (one subject)" or not len(means):
        return [Estimate(float(mean), None, None, covered) for mean in means]
    low, high = np.clip(_percentiles(draws), *bounds)
    return [
        Estimate(float(mean), float(a), float(b), covered)
        for mean, a, b in zip(means, low, high, strict=True)
    ]


def _percentiles(draws: Scores) -> Scores:
    """2.5th and 97.5th percentile of each column, as `numpy.percentile`; sorting is faster."""
    ordered, last = np.sort(np.ascontiguousarray(draws.T), axis=1), len(draws) - 1
    percentiles = []
    for position in (0.025 * last, 0.975 * last):
        below, fraction = int(position), position - int(position)
        low, high = ordered[:, below], ordered[:, min(below + 1, last)]
        gap = high - low
        percentiles.append(low + gap * fraction if fraction < 0.5 else high - gap * (1 - fraction))
    return np.stack(percentiles)


def covers(seeds: int, subjects: int) -> Covers:
    """Sources of variation that an interval covers; to be shown with it."""
    if subjects < 2:
        return "nothing (one subject)"
    return "subjects and seeds" if seeds > 1 else "subjects only (one seed)"


def bootstrap_means(
    scores: Scores, pooled: SeedMeanSquare | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> Scores:
    """Draws (resamples, K) of the means of K score matrices.

    Args:
        scores: (K, seeds, subjects); every matrix has the same subjects. Paired differences
            give draws of paired differences.
        pooled: Mean square between seeds pooled over entries; see `standard_error`.
        resamples: Number of draws.
        seed: Of the draws; the same scores always give the same draws.
    """
    anova = two_way_anova(scores)
    error = standard_error(anova, pooled)
    return draw_means(scores, anova.mean, error, error.df, resamples, seed).T


def draw_means(
    scores: Scores,
    means: Scores,
    error: StandardError,
    df: Scores,
    resamples: int,
    seed: int,
) -> Scores:
    """Draws (K, resamples) of the means of K score matrices; see the head of this module.

    Args:
        scores: (K, seeds, subjects).
        means: Of the score matrices (K,).
        error: Standard error of the means.
        df: Degrees of freedom of each mean (K,), or of all (1,).
        resamples: Number of draws.
        seed: Of the draws.
    """
    weights = _subject_weights(scores.shape[2], resamples, seed)
    normal = _normal_draws(len(scores), resamples, seed)
    draws = (scores.mean(axis=1) - means[:, None]) @ weights.T
    draws += normal.T * np.sqrt(error.seed_variance)[:, None]
    draws *= t_scale(df, resamples, seed)
    draws += means[:, None]
    return np.asarray(draws, dtype=np.float64)


def t_scale(df: Scores, resamples: int, seed: int) -> Scores:
    """Factors (K, resamples) that turn normal draws into those of Student's t.

    Degrees of freedom are rounded, to integers from 10 on: this changes an interval by less
    than 1 %, and most of a board's means then share their draws.
    """
    rounded = np.where(df < 10, np.round(df, 2), np.round(df)).tolist()
    factors = [_t_factors(value, resamples, seed) for value in rounded]
    return np.array(factors, dtype=np.float64).reshape(-1, resamples)


@lru_cache(maxsize=2000)
def _t_factors(df: float, resamples: int, seed: int) -> Scores:
    rng = np.random.default_rng([seed, 1])
    return np.sqrt(df / rng.chisquare(df, resamples))


def _subject_weights(subjects: int, resamples: int, seed: int) -> Scores:
    """Weights (resamples, subjects) of resampled subjects.

    Their sums with centred scores have an unbiased variance, by the factor sqrt(n / (n - 1)).
    """
    cached = resamples * subjects <= CACHED_SIZE
    return (_cached_weights if cached else _new_weights)(subjects, resamples, seed)


def _normal_draws(columns: int, resamples: int, seed: int) -> Scores:
    """Standard normal draws (resamples, columns)."""
    cached = resamples * columns <= CACHED_SIZE
    return (_cached_normal if cached else _new_normal)(columns, resamples, seed)


def _new_weights(subjects: int, resamples: int, seed: int) -> Scores:
    rng = np.random.default_rng([seed, 2])
    counts = rng.multinomial(subjects, np.full(subjects, 1 / subjects), resamples)
    weights = np.asarray(counts / np.sqrt(subjects * max(1, subjects - 1)), dtype=np.float64)
    weights.flags.writeable = False
    return weights


def _new_normal(columns: int, resamples: int, seed: int) -> Scores:
    normal = np.random.default_rng([seed, 3]).standard_normal((resamples, columns))
    normal = np.asfortranarray(normal)  # column by column, as draws are computed
    normal.flags.writeable = False
    return normal


_cached_weights = lru_cache(maxsize=40)(_new_weights)
_cached_normal = lru_cache(maxsize=40)(_new_normal)
