"""Scores of a group of subjects, and how far they are from those of the rest.

The mean of a group has the interval that the mean of all subjects has: Student's t of
`intervals.py`, or the one of `two_part.py` where a subject of the table scores 0. The difference of
the means of group and rest has Student's t of the sum of both variances (Welch), with the
degrees of freedom of Satterthwaite. Both parts are scored by the same networks, so that luck of
the seeds which they share cancels; it is left in, and the interval is on the wide side. Nothing is
corrected for the number of groups and entries.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.statistics.anova import (
    Scores,
    StandardError,
    mean_of_targets,
    standard_error,
    two_way_anova,
)
from benchmark.statistics.intervals import Estimate, covers, estimates, t_intervals
from benchmark.statistics.scores import TargetScores
from benchmark.statistics.seed_noise import pooled_seed_ms
from benchmark.statistics.two_part import two_part_intervals


class SubgroupMean(NamedTuple):
    """One entry in one group of subjects.

    Attributes:
        mean: Of the group, in the unit of the metric.
        gap: Mean of the group minus mean of the rest; without bounds where either has one subject.
    """

    mean: Estimate
    gap: Estimate


def subgroup_means(
    scores: TargetScores,
    inside: npt.NDArray[np.bool_],
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> list[SubgroupMean]:
    """Mean of each entry in a group, and its difference from the rest.

    Args:
        scores: Of one or more entries.
        inside: Which subjects are of the group (subjects,); at least one is and one is not.
        bounds: Smallest and largest possible mean score.

    Raises:
        ValueError: All subjects are of the group, or none is.
    """
    parts = scores.values[:, :, inside], scores.values[:, :, ~inside]
    if not min(part.shape[2] for part in parts):
        raise ValueError("a group needs a subject, and so does the rest")
    means = estimates(parts[0], pooled_seed_ms(parts[0]), bounds)
    if bounds == (0.0, 1.0) and (scores.values <= 0).any() and parts[0].shape[2] > 1:
        wide = two_part_intervals(parts[0], pooled_seed_ms(parts[0]), scores.bootstrap_seed)
        means = [replace(mean, low=low, high=high)
                 for mean, (low, high) in zip(means, wide.tolist(), strict=True)]  # fmt: skip
    return [*map(SubgroupMean, means, _gaps(*parts))]


def _gaps(inside: Scores, rest: Scores) -> list[Estimate]:
    anovas = [two_way_anova(part) for part in (inside, rest)]
    errors = [standard_error(anova, pooled_seed_ms(part))
              for anova, part in zip(anovas, (inside, rest), strict=True)]  # fmt: skip
    half = mean_of_targets(errors)  # of half the sum, which varies as half the difference does
    error = StandardError(4 * half.variance, 4 * half.seed_variance, half.df)
    fewest = min(inside.shape[2], rest.shape[2])
    return t_intervals(anovas[0].mean - anovas[1].mean, error, covers(inside.shape[1], fewest))
