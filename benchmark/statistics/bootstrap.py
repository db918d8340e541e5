"""Intervals of means over subjects and seeds: a bootstrap that few seeds cannot make too narrow.

Subjects are resampled, shared by all entries; seeds are too few to be resampled (two seeds give
three different resamples, whose variance is half of what it should be). Each draw is

    mean + (resampled subjects) + (normal with the seed part of the variance),

the subjects' part widened by sqrt(n / (n - 1)) and both by a common factor that gives the
draws the tails of Student's t, with the standard error and the Satterthwaite degrees of freedom of
`variance.py`. The 2.5th and 97.5th percentile of the draws bound the interval: for one seed this
is the expanded percentile interval (Hesterberg, The American Statistician 69, 2015), which keeps
the skewness of the scores.

What it covers, in simulations (`tests/simulation/coverage.md`):

- 2 to 5 seeds, 10 or more subjects: 93 to 97 %. With the seed noise of one entry alone (`noise`
  None) only while seeds add no more error than subjects do; with two seeds and three times the
  error 88 to 90 %.
- One seed: 93 to 97 % for the trained networks. Training again may give another mean, of which
  the interval says nothing, and the label says so.
- Rare failures: where one subject in twenty scores 0, a small sample often holds none, and no
  interval can know of them. Means then cover 70 to 88 % with 10 subjects, 82 to 90 % with 35, 92
  to 95 % with 100; gains, in which shared failures cancel, 90 to 98 %.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from benchmark.statistics.anova import Scores, SeedNoise, standard_error, two_way

RESAMPLES = 2000
SMALL = 5 * 10**5  # numbers that may be kept for the next target of the same shape
Interval = tuple[float, float | None, float | None]
Covers = Literal["subjects and seeds", "subjects only (one seed)", "nothing (one subject)"]


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval; the bounds are None when there is nothing to resample."""

    value: float
    low: float | None
    high: float | None
    covers: Covers


def draw_means(
    scores: Scores, noise: SeedNoise | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> Scores:
    """Draws (resamples, K) of the means of K score matrices.

    Args:
        scores: (K, seeds, subjects); every matrix has the same subjects. Paired differences
            give draws of paired differences.
        noise: Seed noise pooled over entries; see `standard_error`.
        resamples: Number of draws.
        seed: Of the draws; the same scores always give the same draws.
    """
    found = two_way(scores)
    error = standard_error(found, noise)
    weights, normal = start_draws(found.subjects, resamples, seed, len(scores))
    draws = (scores.mean(axis=1) - found.mean[:, None]) @ weights.T
    draws += normal.T * np.sqrt(error.seed_part)[:, None]
    draws *= t_scale(error.degrees, resamples, seed)
    draws += found.mean[:, None]
    return np.asarray(draws.T, dtype=np.float64)


def t_scale(degrees: Scores, resamples: int, seed: int) -> Scores:
    """What makes normal draws those of Student's t (K, resamples).

    Degrees of freedom are rounded, to whole ones from 10 on: this changes an interval by less
    than 1 %, and most of a board's means then share their draws.
    """
    rounded = np.where(degrees < 10, np.round(degrees, 2), np.round(degrees)).tolist()
    found = [_tail(one, resamples, seed) for one in rounded]
    return np.array(found, dtype=np.float64).reshape(-1, resamples)


@lru_cache(maxsize=2000)
def _tail(degrees: float, resamples: int, seed: int) -> Scores:
    rng = np.random.default_rng([seed, 1])
    return np.sqrt(degrees / rng.chisquare(degrees, resamples))


def start_draws(subjects: int, resamples: int, seed: int, columns: int) -> tuple[Scores, Scores]:
    """What all draws of so many subjects and columns begin with.

    Returns:
        Weights (resamples, subjects) of redrawn subjects, whose sums with centred scores have an
        unbiased variance; normal draws (resamples, columns).
    """
    weights = _kept_weights if resamples * subjects <= SMALL else _weights
    normal = _kept_normal if resamples * columns <= SMALL else _normal
    return weights(subjects, resamples, seed), normal(columns, resamples, seed)


def _weights(subjects: int, resamples: int, seed: int) -> Scores:
    rng = np.random.default_rng([seed, 2])
    counts = rng.multinomial(subjects, np.full(subjects, 1 / subjects), resamples)
    weights = np.asarray(counts / np.sqrt(subjects * max(1, subjects - 1)), dtype=np.float64)
    weights.flags.writeable = False
    return weights


def _normal(columns: int, resamples: int, seed: int) -> Scores:
    normal = np.random.default_rng([seed, 3]).standard_normal((resamples, columns))
    normal = np.asfortranarray(normal)  # a column after the other, as draws are computed
    normal.flags.writeable = False
    return normal


_kept_weights, _kept_normal = lru_cache(maxsize=40)(_weights), lru_cache(maxsize=40)(_normal)


def estimates(
    scores: Scores,
    noise: SeedNoise | None = None,
    resamples: int = RESAMPLES,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    seed: int = 0,
) -> list[Estimate]:
    """Mean and 95 % interval of each of K score matrices.

    Constant scores give an interval of no width: nothing in them says that others are possible.

    Args:
        scores: (K, seeds, subjects).
        noise: Seed noise pooled over entries; see `standard_error`.
        resamples: Number of draws.
        bounds: Smallest and largest possible mean; an interval does not reach beyond.
        seed: Of the draws.
    """
    found = two_way(scores)
    draws = draw_means(scores, noise, resamples, seed)
    return summarise(found.mean, draws, covers(found.seeds, found.subjects), bounds)


def summarise(
    means: Scores,
    draws: Scores,
    what: Covers,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> list[Estimate]:
    """Estimates from means (K,) and their draws (resamples, K)."""
    if what == "nothing (one subject)" or not len(means):
        return [Estimate(float(mean), None, None, what) for mean in means]
    low, high = np.clip(_percentiles(draws), *bounds)
    return [
        Estimate(float(mean), float(a), float(b), what)
        for mean, a, b in zip(means, low, high, strict=True)
    ]


def _percentiles(draws: Scores) -> Scores:
    """2.5th and 97.5th percentile of each column, as `numpy.percentile`; sorting is faster."""
    ordered, last = np.sort(np.ascontiguousarray(draws.T), axis=1), len(draws) - 1
    found = []
    for place in (0.025 * last, 0.975 * last):
        below, share = int(place), place - int(place)
        low, high = ordered[:, below], ordered[:, min(below + 1, last)]
        gap = high - low
        found.append(low + gap * share if share < 0.5 else high - gap * (1 - share))
    return np.stack(found)


def covers(seeds: int, subjects: int) -> Covers:
    """What an interval of so many seeds and subjects speaks about; to be shown with it."""
    if subjects < 2:
        return "nothing (one subject)"
    return "subjects and seeds" if seeds > 1 else "subjects only (one seed)"


def mean_interval(scores: Scores, resamples: int = RESAMPLES) -> Interval:
    """Mean and 95 % interval of one matrix (seeds, subjects); see `estimates`.

    A seed whose whole row is missing (NaN) is left out.

    Raises:
        ValueError: Some but not all scores of a seed are missing, or all scores are.
    """
    whole = scores[~np.isnan(scores).all(axis=1)]
    found = estimates(whole[None], resamples=resamples)[0]
    return found.value, found.low, found.high


def gain_interval(scores: Scores, baseline: Scores, resamples: int = RESAMPLES) -> Interval:
    """Mean paired difference to a baseline and its interval; same subjects, same seeds."""
    return mean_interval(scores - baseline, resamples)
