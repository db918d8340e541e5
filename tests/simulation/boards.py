"""Boards of simulated scores whose truth is known.

A score of shape "normal" is

    0.7 + subject (sd 0.08, shared by the entries) + entry x subject (sd 0.05)
        + seed (per entry; `ratio`) + rest (sd 0.03),

`ratio` being the sd of the seed effect over the standard error that the subjects give a mean. In
gains what entries share cancels, so that there a seed weighs 1.9 times as much. "left tail" has
the median 0.92 and 5 % of subjects below 0.48 (expit(3.2 - 1.1 Exp(1) + ...)), and nobody fails.
In "5 % fail" and "20 % fail" so many subjects score 0: half of the cause is shared by all entries,
a fifth changes with the seed. A better entry is better by a step for each subject that does not
fail. "uneven" is normal, but the last third of the entries, with the one that gains are over, has
three times the seed effects. "collapsed" is normal, but the first run of the second entry did not
learn: all its scores are 0.02. (The truth is what they would have been.)

With one seed nothing can tell the seed's part from the method's: intervals and group a speak of the
trained networks. There the truth is the network's own, its seed's part included.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri

from benchmark.statistics.anova import Scores

SHARED, OWN, REST = 0.08, 0.05, 0.03
FAILING = {"5 % fail": 0.05, "20 % fail": 0.20}
COLLAPSED = 0.02


@dataclass(frozen=True)
class Setting:
    """One line of a table."""

    shape: str
    entries: int
    seeds: int
    subjects: int
    ratio: float


def simulate(
    setting: Setting, rng: np.random.Generator, step: float = 0.0
) -> tuple[Scores, Scores]:
    """Scores (entries, seeds, subjects), the first entry better by `step`, and what is true.

    Returns:
        The scores, and of each entry what its first seed adds to the mean (entries,).
    """
    k, s, n = setting.entries, setting.seeds, setting.subjects
    seed_sd = setting.ratio * np.hypot(SHARED, OWN) / np.sqrt(n)
    seed = seed_sd * rng.standard_normal((k, s, 1))
    if setting.shape == "uneven":
        seed[-max(1, k // 3) :] *= 3
    own, rest = rng.standard_normal((k, 1, n)), rng.standard_normal((k, s, n))
    if setting.shape == "left tail":
        found = expit(3.2 - 1.1 * rng.exponential(1.0, n) + 0.25 * own + 0.15 * rest)
    else:
        found = 0.7 + SHARED * rng.standard_normal(n) + OWN * own + REST * rest
    found = found + seed + step * (np.arange(k) == 0)[:, None, None]
    if setting.shape == "collapsed":
        found[1, 0] = COLLAPSED
    share = FAILING.get(setting.shape, 0.0)
    if not share:
        return found, seed[:, 0, 0]
    parts = (rng.standard_normal(n), rng.standard_normal((k, 1, n)),
             rng.standard_normal((k, s, n)))  # fmt: skip
    cause = sum(w**0.5 * part for w, part in zip((0.5, 0.3, 0.2), parts, strict=True))
    return np.where(cause > ndtri(1 - share), 0.0, found), (1 - share) * seed[:, 0, 0]


def true_mean(shape: str) -> float:
    """Of any entry without a step; by a large sample where there is no formula."""
    if shape == "left tail":
        large = Setting(shape, 1, 1, 2_000_000, 0.0)
        return float(simulate(large, np.random.default_rng(99))[0].mean())
    return 0.7 * (1 - FAILING.get(shape, 0.0))
