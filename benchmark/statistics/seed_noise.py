"""Noise between seeds, pooled over the entries of one target; outliers keep their own.

Two to five seeds estimate one entry's variance between seeds badly; those of all entries together
do better. What all entries share under one seed cancels in differences, so that the pooled mean
square is that of the interaction entry x seed. One run that did not learn would make it, and with
it every interval of the table, many times too large. Entries with such runs are therefore left out
of it, and their intervals have their own mean square and degrees of freedom.

Without one of K entries, the sum of squares of the interaction is smaller by K / (K - 1) times that
of the entry's row, and both parts are independent for normal noise: their ratio has the F
distribution with S - 1 and (K - 2)(S - 1) degrees of freedom for S seeds. As in Rosner's test of
many outliers (Technometrics 25, 1983), in which several cannot hide each other, the entry with the
largest ratio is taken out, then the next, up to a third of the entries; each p-value is multiplied
by the number of entries that it was chosen from, and all up to the last one below 0.1 % are
outliers. At a larger level, entries that are noisier than others by a small factor are covered
less often (`docs/simulations.md`).
"""

import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc

from benchmark.statistics.anova import ROUNDING, Indices, Scores, SeedMeanSquare

OUTLIER_LEVEL = 0.001


def pooled_seed_ms(scores: Scores, *rows: Indices) -> SeedMeanSquare | None:
    """Mean squares between seeds of sums or differences of entries.

    Args:
        scores: Of all entries of the target (entries, seeds, subjects).
        rows: Of the first, second ... term of each difference; (K,) each. Without any, the mean
            squares are those of the entries themselves.

    Returns:
        K mean squares with their degrees of freedom; None with one seed or one entry.
    """
    entries, seeds, subjects = scores.shape
    if entries < 2 or seeds < 2:
        return None
    terms = rows or (np.arange(entries),)
    means = scores.mean(axis=2)
    outlying = outlying_entries(means)
    pool = means[~outlying]
    df = (len(pool) - 1) * (seeds - 1)
    mean_square = len(terms) * subjects * _interaction_ss(pool).sum() / df
    apart = np.any([outlying[term] for term in terms], axis=0)
    return SeedMeanSquare(np.full(len(apart), mean_square), np.where(apart, seeds - 1, df))


def outlying_entries(means: Scores) -> npt.NDArray[np.bool_]:
    """Entries (entries,) with outlying noise between seeds, from means (entries, seeds)."""
    entries, df = len(means), means.shape[1] - 1
    inside = np.ones(entries, dtype=np.bool_)
    outlying = np.zeros(entries, dtype=np.bool_)
    for left in range(entries, entries - entries // 3, -1):
        squares = _interaction_ss(means[inside])
        largest = squares.max() * left / (left - 1)
        ratio = largest * (left - 2) / max(squares.sum() - largest, ROUNDING)
        inside[np.flatnonzero(inside)[squares.argmax()]] = False
        if largest > ROUNDING and left * fdtrc(df, (left - 2) * df, ratio) < OUTLIER_LEVEL:
            outlying = ~inside
    return outlying


def _interaction_ss(means: Scores) -> Scores:
    """Sums of squares (entries,) of the interaction entry x seed in means (entries, seeds)."""
    centred = means - means.mean(axis=0)
    centred -= centred.mean(axis=1, keepdims=True)
    return np.asarray((centred**2).sum(axis=1), dtype=np.float64)
