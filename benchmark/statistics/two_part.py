"""Intervals of means of scores that may be 0: the share that fails, and the mean of the rest.

A subject without any overlap scores 0, far below all others. If such failures are rare, a small
sample often holds none or too few, and an interval from its standard deviation is too short. The
two parts are therefore estimated apart and drawn together:

    mean = (1 - share that fails) x (mean of the rest) + (seeds),

the share from Jeffreys' posterior Beta(x + 1/2, n - x + 1/2) of x failing of n subjects, the mean
of the rest from Student's t over its subjects, the seeds' part from Student's t with the seed
variance and the degrees of freedom of `anova.py`. A subject that fails under some of the seeds
counts by its share of them. Where nothing failed the lower bound still allows for failures that a
sample of this size may not show. Coverage and width: `docs/simulations.md`.
"""

import numpy as np

from benchmark.statistics.anova import Scores, SeedMeanSquare, standard_error, two_way_anova
from benchmark.statistics.intervals import CONFIDENCE

DRAWS = 4000


def two_part_intervals(
    scores: Scores, pooled: SeedMeanSquare | None = None, seed: int = 0
) -> Scores:
    """Bounds (K, 2) of the 95 % intervals of the means of K score matrices.

    Args:
        scores: (K, seeds, subjects), from 0 to 1; 0 is a failure. Two or more subjects.
        pooled: Mean square between seeds pooled over entries; see `standard_error`.
        seed: Of the draws; those of one matrix do not depend on the others.

    Raises:
        ValueError: No seed, no subject, or a score that is not finite.
    """
    anova = two_way_anova(scores)
    error = standard_error(anova, pooled)
    sides = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    bounds = []
    for matrix, variance, df in zip(scores, error.seed_variance, error.df, strict=True):
        rng = np.random.default_rng([seed, 4])
        hits = (matrix > 0).mean(axis=0)
        share = rng.beta(hits.sum() + 0.5, (1 - hits).sum() + 0.5, DRAWS)
        draws = share * _rest(matrix, hits, rng) + np.sqrt(variance) * rng.standard_t(df, DRAWS)
        low, high = np.quantile(draws, sides)
        mean = matrix.mean()
        bounds.append([max(0.0, min(low, mean)), min(1.0, max(high, mean))])
    return np.reshape(bounds, (-1, 2))


def _rest(scores: Scores, found: Scores, rng: np.random.Generator) -> Scores:
    """Draws of the mean of one matrix without its zeros; all 0 where nothing was found."""
    used = found > 0
    count = int(np.count_nonzero(used))
    if not count:
        return np.zeros(DRAWS)
    means = scores.sum(axis=0)[used] / (found[used] * len(scores))
    deviation = means.std(ddof=1) / np.sqrt(count) if count > 1 else 0.0
    mean = float(np.average(means, weights=found[used]))
    return np.asarray(mean + deviation * rng.standard_t(max(1, count - 1), DRAWS))
