"""Variance components of a cell: seeds, subjects and residual, as standard deviations.

Estimators of the two-way random model of `anova.py` (Searle, Casella, McCulloch, 1992, chapter 4).
"""

from dataclasses import dataclass

from benchmark.statistics.anova import Scores, two_way_anova


@dataclass(frozen=True)
class VarianceComponents:
    """Square roots of the variance components of one cell, in the unit of the metric.

    None where a component cannot be estimated: with one seed `subject_sd` contains the residual,
    with one subject `seed_sd` does, and `note` states it. Negative estimates are truncated at 0.
    """

    seed_sd: float | None
    subject_sd: float | None
    residual_sd: float | None
    note: str


def variance_components(scores: Scores) -> list[VarianceComponents]:
    """Standard deviations between seeds, between subjects and of the residual, of K cells.

    Args:
        scores: (K, seeds, subjects).
    """
    anova = two_way_anova(scores)
    mean_squares = zip(
        anova.ms_seed.tolist(), anova.ms_subject.tolist(), anova.ms_residual.tolist(), strict=True
    )
    return [_components(anova.seeds, anova.subjects, *squares) for squares in mean_squares]


def _components(
    seeds: int, subjects: int, ms_seed: float, ms_subject: float, ms_residual: float
) -> VarianceComponents:
    if seeds == 1 and subjects == 1:
        return VarianceComponents(None, None, None, "one score has no spread")
    if seeds == 1:
        note = "one seed: subjects and residual together"
        return VarianceComponents(None, ms_subject**0.5, None, note)
    if subjects == 1:
        return VarianceComponents(
            ms_seed**0.5, None, None, "one subject: seeds and residual together"
        )
    between_seeds = max(0.0, ms_seed - ms_residual) / subjects
    between_subjects = max(0.0, ms_subject - ms_residual) / seeds
    return VarianceComponents(between_seeds**0.5, between_subjects**0.5, ms_residual**0.5, "")
