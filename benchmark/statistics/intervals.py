"""Means with 95 % intervals: Satterthwaite's t of the two-way random model of `anova.py`.

The interval of a mean, and of a mean paired difference (a gain), is value +- t * standard error,
with the degrees of freedom of `standard_error`. It equals that of a mixed model with crossed
random subjects and seeds for these balanced scores, and in simulations covers as well as a
bootstrap or better (`docs/simulations.md`). Means of scores of which some are 0 have the interval
of `two_part.py`.

With one seed an interval is over subjects: it speaks of the trained networks, and its label says
so.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

from benchmark.statistics.anova import (
    Scores,
    SeedMeanSquare,
    StandardError,
    standard_error,
    two_way_anova,
)

CONFIDENCE = 0.95
POWER = 0.8
Covers = Literal["subjects and seeds", "subjects only (one seed)", "nothing (one subject)"]


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval; the bounds are None with one subject."""

    value: float
    low: float | None
    high: float | None
    covers: Covers


def covers(seeds: int, subjects: int) -> Covers:
    """Sources of variation that an interval covers; to be shown with it."""
    if subjects < 2:
        return "nothing (one subject)"
    return "subjects and seeds" if seeds > 1 else "subjects only (one seed)"


def estimates(
    scores: Scores,
    pooled: SeedMeanSquare | None = None,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> list[Estimate]:
    """Mean and 95 % interval of each of K score matrices.

    Constant scores give an interval of zero width: they hold no evidence of other values.

    Args:
        scores: (K, seeds, subjects).
        pooled: Mean square between seeds pooled over entries; see `standard_error`.
        bounds: Smallest and largest possible mean; an interval does not reach beyond.

    Raises:
        ValueError: No seed, no subject, or a score that is not finite.
    """
    if not len(scores):
        return []
    anova = two_way_anova(scores)
    covered = covers(anova.seeds, anova.subjects)
    return t_intervals(anova.mean, standard_error(anova, pooled), covered, bounds)


def t_intervals(
    means: Scores,
    error: StandardError,
    covered: Covers,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> list[Estimate]:
    """Estimates from means (K,) and their standard errors."""
    if covered == "nothing (one subject)":
        return [Estimate(mean, None, None, covered) for mean in means.tolist()]
    half = stdtrit(error.df, (1 + CONFIDENCE) / 2) * np.sqrt(error.variance)
    low, high = np.clip([means - half, means + half], *bounds)
    return [
        Estimate(*numbers, covered)
        for numbers in zip(means.tolist(), low.tolist(), high.tolist(), strict=True)
    ]


def probability_not_above_zero(means: Scores, error: StandardError) -> Scores:
    """P(true mean <= 0) given the scores, with a flat prior (K,); the one-sided p-value of t.

    As in Christodoulou et al., "False promises in medical imaging AI?" (2025), with seeds. Without
    any variance it is 0 for a positive mean, else 1.
    """
    deviation = np.sqrt(error.variance)
    t = np.divide(means, deviation, out=np.zeros_like(means), where=deviation > 0)
    certain = np.where(means > 0, 0.0, 1.0)
    return np.asarray(np.where(deviation > 0, stdtr(error.df, -t), certain), dtype=np.float64)


def detectable(error: StandardError) -> Scores:
    """The smallest true mean (K,) whose interval lies above 0 in 80 % of boards of this size."""
    quantiles = stdtrit(error.df, (1 + CONFIDENCE) / 2) + stdtrit(error.df, POWER)
    return np.asarray(quantiles * np.sqrt(error.variance), dtype=np.float64)
