"""Variance components of a cell between seeds and between subjects, as standard deviations.

Estimators of the two-way random model of `anova.py` (Searle, Casella, McCulloch, 1992, chapter 4).
"""

from typing import NamedTuple

import numpy as np

from benchmark.statistics.anova import Scores, two_way_anova


class VarianceComponents(NamedTuple):
    """Square roots of the variance components of one cell, in the unit of the metric.

    None with one seed or one subject, respectively. With one seed `subject_sd` contains the
    residual, with one subject `seed_sd` does. Negative estimates are truncated at 0.
    """

    seed_sd: float | None
    subject_sd: float | None


def variance_components(scores: Scores) -> list[VarianceComponents]:
    """Standard deviations between seeds and between subjects, of K cells.

    Args:
        scores: (K, seeds, subjects).
    """
    anova = two_way_anova(scores)
    seeds = np.maximum(0.0, anova.ms_seed - anova.ms_residual) / anova.subjects
    subjects = np.maximum(0.0, anova.ms_subject - anova.ms_residual) / anova.seeds
    return [
        VarianceComponents(
            seed_variance**0.5 if anova.seeds > 1 else None,
            subject_variance**0.5 if anova.subjects > 1 else None,
        )
        for seed_variance, subject_variance in zip(seeds.tolist(), subjects.tolist(), strict=True)
    ]
