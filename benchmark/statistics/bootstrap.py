"""Draws of means over subjects and seeds: a bootstrap that few seeds cannot make too narrow.

Ranks have no formula for their intervals, so that they are drawn. Subjects are resampled, shared by
all entries; seeds are too few to be resampled (two seeds give three different resamples, whose
variance is half of what it should be). Each draw is

    mean + (resampled subjects) + (normal with the seed part of the variance),

the subjects' part widened by sqrt(n / (n - 1)) and both by a common factor that gives the
draws the tails of Student's t, with the standard error and the degrees of freedom of `anova.py`:
for one seed the expanded percentile bootstrap (Hesterberg, The American Statistician 69, 2015).
"""

from functools import lru_cache

import numpy as np

from benchmark.statistics.anova import Scores, StandardError

RESAMPLES = 2000
CACHED_SIZE = 5 * 10**5  # arrays of at most so many numbers are kept for targets of equal shape


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
