"""Two-way analysis of variance: seed and subject variance, and the standard error with both.

Every seed scores the same subjects, so the two factors are crossed, not nested:

    score = mean + seed effect + subject effect + residual.

Sums of squares, expected mean squares and estimators are those of the balanced two-way random
model with one observation per cell (Searle, Casella, McCulloch, Variance Components, 1992, chapter
4). With S seeds and n subjects the variance of the mean is seed/S + subject/n + residual/(S n);
its estimate (MS_subject + max(0, MS_seed - MS_residual)) / (S n) has the approximate degrees of
freedom of Satterthwaite (Biometrics Bulletin 2, 1946).

With few seeds MS_seed is often small by luck, and then only the subjects' degrees of freedom count.
They are at most twice the square of the seeds': 2 for two methods under two seeds, 8 for three
methods or seeds. Intervals of gains of two methods then cover 95 to 100 % under two seeds, and 90
to 98 % under three (`docs/simulations.md`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
ROUNDING = 1e-24  # mean squares below the rounding error of scores around 1 are zero


@dataclass(frozen=True)
class SeedMeanSquare:
    """Pooled mean squares between seeds (K,) and their degrees of freedom; see `seed_noise.py`.

    A mean's own mean square is used where it is larger.
    """

    mean_square: Scores
    df: npt.NDArray[np.int_]


@dataclass(frozen=True)
class TwoWayAnova:
    """Two-way analyses of variance of K score matrices (seeds, subjects).

    Attributes:
        seeds: Number of seeds S, at least 1.
        subjects: Number of subjects n, at least 1.
        mean: Grand means (K,).
        ms_seed: Mean squares between seeds (K,); zeros when S = 1.
        ms_subject: Mean squares between subjects (K,); zeros when n = 1.
        ms_residual: Residual mean squares (K,); zeros when S = 1 or n = 1.
    """

    seeds: int
    subjects: int
    mean: Scores
    ms_seed: Scores
    ms_subject: Scores
    ms_residual: Scores


@dataclass(frozen=True)
class StandardError:
    """Standard error of K means.

    Attributes:
        variance: Squared standard error (K,).
        seed_variance: The part of it that seeds add to that of subjects and residual (K,).
        df: Satterthwaite degrees of freedom (K,), at least 1; see the head of this module.
    """

    variance: Scores
    seed_variance: Scores
    df: Scores


@dataclass(frozen=True)
class Decomposition:
    """Additive decomposition of scores (K, seeds, subjects).

    It is linear: that of a difference of two score matrices is the difference of theirs.

    Attributes:
        seed_means: Means of each seed (K, seeds).
        subject_means: Means of each subject (K, subjects).
        residuals: Scores less the effects of mean, seed and subject (K, seeds, subjects).
    """

    seed_means: Scores
    subject_means: Scores
    residuals: Scores

    @classmethod
    def of(cls, scores: Scores) -> "Decomposition":
        """Decompose scores (K, seeds, subjects)."""
        seeds, subjects = scores.mean(axis=2), scores.mean(axis=1)
        mean = seeds.mean(axis=1)[:, None, None]
        return cls(seeds, subjects, scores - seeds[:, :, None] - subjects[:, None, :] + mean)

    def anova(self) -> TwoWayAnova:
        """Analyses of variance of the K score matrices."""
        seed_ss, subject_ss = (
            ((means - means.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
            for means in (self.seed_means, self.subject_means)
        )
        residual_ss = np.einsum("ijk,ijk->i", self.residuals, self.residuals)
        return self._anova(self.seed_means.mean(axis=1), seed_ss, subject_ss, residual_ss)

    def anova_of_differences(self, first: Indices, second: Indices) -> TwoWayAnova:
        """Analyses of variance of score matrices `first` minus score matrices `second`."""
        mean = self.seed_means.mean(axis=1)
        if not len(first):
            return self._anova(*[np.zeros(0)] * 4)
        seed_ss, subject_ss, residual_ss = (
            _squared_distances(rows)[first, second]
            for rows in (
                self.seed_means - mean[:, None],
                self.subject_means - mean[:, None],
                self.residuals.reshape(len(mean), -1),
            )
        )
        return self._anova(mean[first] - mean[second], seed_ss, subject_ss, residual_ss)

    def _anova(
        self, mean: Scores, seed_ss: Scores, subject_ss: Scores, residual_ss: Scores
    ) -> TwoWayAnova:
        """Mean squares from sums of squares of seed means, subject means and residuals."""
        seeds, subjects = self.seed_means.shape[1], self.subject_means.shape[1]

        def mean_square(sum_of_squares: Scores, df: int) -> Scores:
            """Sums by their degrees of freedom; 0 without any, and where there is only rounding."""
            values = sum_of_squares / df if df else np.zeros_like(mean)
            return np.where(values < ROUNDING, 0.0, values)

        return TwoWayAnova(
            seeds,
            subjects,
            mean,
            ms_seed=subjects * mean_square(seed_ss, seeds - 1),
            ms_subject=seeds * mean_square(subject_ss, subjects - 1),
            ms_residual=mean_square(residual_ss, (seeds - 1) * (subjects - 1)),
        )


def _squared_distances(rows: Scores) -> Scores:
    """Squared distances (K, K) of rows (K, n) above the diagonal, from one matrix product.

    Where rows nearly agree, so that the product would cancel, they are subtracted.
    """
    rows = rows - rows.mean(axis=0)
    product = rows @ rows.T
    squares = product.diagonal()[:, None] + product.diagonal()
    distances = squares - 2 * product
    near = np.triu(distances < 1e-6 * squares, 1)
    for row in np.flatnonzero(near.any(axis=1)):
        differences = rows[near[row]] - rows[row]
        distances[row, near[row]] = np.einsum("ij,ij->i", differences, differences)
    return np.asarray(distances, dtype=np.float64)


def two_way_anova(scores: Scores) -> TwoWayAnova:
    """Analyses of variance of scores (K, seeds, subjects); constant scores give zeros.

    Raises:
        ValueError: No seed, no subject, or a score that is not finite.
    """
    _, seeds, subjects = scores.shape
    if not seeds or not subjects or not np.isfinite(scores).all():
        raise ValueError("scores need a seed, a subject, and no missing value")
    return Decomposition.of(scores).anova()


def standard_error(anova: TwoWayAnova, pooled: SeedMeanSquare | None = None) -> StandardError:
    """Standard error of each mean over the subjects and, with two or more seeds, the seeds.

    With one seed it covers the subjects only. Without a subject variance (constant scores, or
    one subject) the variance may be 0, and then the degrees of freedom are those of the subjects.

    Args:
        anova: K analyses of variance.
        pooled: Pooled mean squares between seeds; without it each entry's own is used, which covers
            too little when there are two seeds and the seeds, not the subjects, are the larger
            source of error.
    """
    ms_seed, seed_df = anova.ms_seed, np.array(anova.seeds - 1)
    subject_df = max(1, anova.subjects - 1)
    if pooled is not None:
        ms_seed, seed_df = np.maximum(ms_seed, pooled.mean_square), pooled.df
    excess = np.zeros_like(ms_seed)  # of seeds over residual
    df_parts = anova.ms_subject**2 / subject_df
    if anova.seeds > 1:
        excess = np.maximum(0.0, ms_seed - anova.ms_residual)
        residual_part = anova.ms_residual**2 / ((anova.seeds - 1) * subject_df)
        df_parts = df_parts + np.where(excess > 0, ms_seed**2 / seed_df + residual_part, 0.0)
    total = anova.ms_subject + excess
    df = np.full_like(total, subject_df)
    np.divide(total**2, df_parts, out=df, where=df_parts > 0)
    most = 2.0 * seed_df**2 if anova.seeds > 1 else np.inf
    scale = anova.seeds * anova.subjects
    return StandardError(total / scale, excess / scale, np.clip(df, 1.0, most))


def mean_of_targets(errors: Sequence[StandardError]) -> StandardError:
    """Standard error of the mean over targets of K means, each target drawn by itself.

    Degrees of freedom of the sum of variances: Satterthwaite (Biometrics Bulletin 2, 1946).

    Args:
        errors: Of one or more targets.
    """
    variance = np.sum([error.variance for error in errors], axis=0)
    seeds = np.sum([error.seed_variance for error in errors], axis=0)
    parts = np.sum([error.variance**2 / error.df for error in errors], axis=0)
    df = np.divide(variance**2, parts, out=np.ones_like(variance), where=parts > 0)
    return StandardError(variance / len(errors) ** 2, seeds / len(errors) ** 2, df)
