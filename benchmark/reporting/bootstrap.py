"""Bootstrap intervals over subjects and seeds, vectorised."""

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
Scores = npt.NDArray[np.float64]
Interval = tuple[float, float | None, float | None]


def mean_interval(scores: Scores, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Mean and 95 % percentile interval of scores (seeds, subjects).

    Every seed scored the same subjects, so both are resampled with replacement, crossed. With
    one subject there is nothing to resample, and the bounds are None.

    Args:
        scores: One row a seed, one column a subject; cases of a subject averaged before.
        resamples: Number of bootstrap draws.
        seed: Of the draws; the same scores always give the same interval.
    """
    seeds, subjects = scores.shape
    mean = float(scores.mean())
    if subjects < 2:
        return mean, None, None
    rng = np.random.default_rng(seed)
    seed_weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds
    weights = rng.multinomial(subjects, np.full(subjects, 1 / subjects), resamples) / subjects
    draws = np.einsum("bs,bs->b", seed_weights @ scores, weights)
    low, high = np.percentile(draws, [2.5, 97.5])
    return mean, float(low), float(high)


def gain_interval(scores: Scores, baseline: Scores, resamples: int = RESAMPLES) -> Interval:
    """Mean paired difference to a baseline and its interval; same subjects, same seeds."""
    return mean_interval(scores - baseline, resamples)
