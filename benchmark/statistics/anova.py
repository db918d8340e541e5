"""Seed variance and subject variance apart, and the standard error that contains both.

Every seed scores the same subjects, so the two are crossed, not nested:

    score = mean + seed effect + subject effect + residual.

Sums of squares, expected mean squares and estimators are those of the balanced two-way random
model with one observation a cell (Searle, Casella, McCulloch, Variance Components, 1992, chapter
4). With S seeds and n subjects the variance of the mean is seed/S + subject/n + residual/(S n);
its estimate (MS_subject + max(0, MS_seed - MS_residual)) / (S n) has the approximate degrees of
freedom of Satterthwaite (Biometrics Bulletin 2, 1946).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class SeedNoise:
    """Mean square between seeds, pooled over the entries of one target.

    Two to five seeds say little about one entry's spread between seeds; those of all entries
    together say more. An entry's own mean square is used where it is larger.
    """

    mean_square: float
    degrees: int


@dataclass(frozen=True)
class TwoWay:
    """Two-way analysis of variance of K score matrices (seeds, subjects) at once.

    Attributes:
        seeds: Number of seeds S, at least 1.
        subjects: Number of subjects n, at least 1.
        mean: Grand means (K,).
        seed: Mean squares between seeds (K,); zeros when S = 1.
        subject: Mean squares between subjects (K,); zeros when n = 1.
        residual: Mean squares of the rest (K,); zeros when S = 1 or n = 1.
    """

    seeds: int
    subjects: int
    mean: Scores
    seed: Scores
    subject: Scores
    residual: Scores

    @property
    def residual_degrees(self) -> int:
        """(S - 1)(n - 1)."""
        return (self.seeds - 1) * (self.subjects - 1)

    def pooled(self) -> SeedNoise | None:
        """Seed noise of the K means, taken as independent; None with one seed."""
        if self.seeds < 2 or not len(self.mean):
            return None
        return SeedNoise(float(self.seed.mean()), len(self.mean) * (self.seeds - 1))


@dataclass(frozen=True)
class StandardError:
    """What is known about the error of K means.

    Attributes:
        variance: Squared standard error (K,).
        seed_part: The part of it that seeds add to what subjects and residual explain (K,).
        degrees: Satterthwaite degrees of freedom (K,), from 1 on.
    """

    variance: Scores
    seed_part: Scores
    degrees: Scores


@dataclass(frozen=True)
class Spread:
    """Standard deviations of one cell, in the unit of the metric; None where unknown.

    With one seed `subject` contains the residual, with one subject `seed` does; `note` says so.
    A negative estimate is truncated at 0.
    """

    seed: float | None
    subject: float | None
    residual: float | None
    note: str


def two_way(scores: Scores) -> TwoWay:
    """Mean squares of scores (K, seeds, subjects); constant scores give zeros.

    Raises:
        ValueError: No seed, no subject, or a score that is not finite.
    """
    _, seeds, subjects = scores.shape
    if not seeds or not subjects or not np.isfinite(scores).all():
        raise ValueError("scores need a seed, a subject, and no missing value")
    return Effects.of(scores).two_way()


@dataclass(frozen=True)
class Effects:
    """Scores (K, seeds, subjects) taken apart; what is left of a difference is the difference.

    Attributes:
        seed: Means of each seed (K, seeds).
        subject: Means of each subject (K, subjects).
        rest: What mean, seed and subject leave (K, seeds, subjects).
    """

    seed: Scores
    subject: Scores
    rest: Scores

    @classmethod
    def of(cls, scores: Scores) -> "Effects":
        """Take scores apart."""
        seed, subject = scores.mean(axis=2), scores.mean(axis=1)
        mean = seed.mean(axis=1)[:, None, None]
        return cls(seed, subject, scores - seed[:, :, None] - subject[:, None, :] + mean)

    def between(self, first: Places, second: Places) -> TwoWay:
        """The analyses of variance of the differences of some scores and others."""
        (count, seeds), subjects = self.seed.shape, self.subject.shape[1]
        mean = self.seed.mean(axis=1)
        zeros = np.zeros(len(first))
        found = TwoWay(seeds, subjects, mean[first] - mean[second], zeros, zeros, zeros)
        if not len(first):
            return found

        def mean_squares(rows: Scores, degrees: int) -> Scores:
            return _exact(_squared_distances(rows)[first, second] / max(1, degrees))

        return replace(
            found,
            seed=subjects * mean_squares(self.seed - mean[:, None], seeds - 1),
            subject=seeds * mean_squares(self.subject - mean[:, None], subjects - 1),
            residual=mean_squares(self.rest.reshape(count, -1), found.residual_degrees)
            if found.residual_degrees
            else zeros,
        )

    def two_way(self) -> TwoWay:
        """Mean squares; those of constant scores are zeros."""
        (count, seeds), subjects = self.seed.shape, self.subject.shape[1]
        zeros = np.zeros(count)
        found = TwoWay(seeds, subjects, self.seed.mean(axis=1), zeros, zeros, zeros)
        degrees = found.residual_degrees
        return replace(
            found,
            seed=subjects * _exact(self.seed.var(axis=1, ddof=1)) if seeds > 1 else zeros,
            subject=seeds * _exact(self.subject.var(axis=1, ddof=1)) if subjects > 1 else zeros,
            residual=_exact(np.einsum("ijk,ijk->i", self.rest, self.rest) / degrees)
            if degrees
            else zeros,
        )


def _squared_distances(rows: Scores) -> Scores:
    """Squared distances (K, K) of rows (K, n) above the diagonal, from one matrix product.

    Where rows nearly agree, so that the product would cancel, they are subtracted.
    """
    rows = rows - rows.mean(axis=0)
    product = rows @ rows.T
    total = product.diagonal()[:, None] + product.diagonal()
    found = total - 2 * product
    near = np.triu(found < 1e-6 * total, 1)
    for row in np.flatnonzero(near.any(axis=1)):
        gaps = rows[near[row]] - rows[row]
        found[row, near[row]] = np.einsum("ij,ij->i", gaps, gaps)
    return np.asarray(found, dtype=np.float64)


def _exact(variance: Scores) -> Scores:
    """A variance below the rounding error of scores around 1 is none."""
    return np.where(variance < 1e-24, 0.0, variance)


def standard_error(found: TwoWay, noise: SeedNoise | None = None) -> StandardError:
    """Standard error of each mean over the subjects and, with two or more seeds, the seeds.

    With one seed it speaks of the subjects only. Without a subject variance (constant scores, or
    one subject) the variance may be 0, and then the degrees of freedom are those of the subjects.

    Args:
        found: K analyses of variance.
        noise: Pooled seed noise; without it each entry's own mean square is used, which covers
            too little when there are two seeds and the seeds, not the subjects, are the larger
            source of error.
    """
    square, degrees = found.seed, found.seeds - 1
    if noise is not None and noise.degrees > 0:
        square, degrees = np.maximum(square, noise.mean_square), noise.degrees
    extra = np.maximum(0.0, square - found.residual) if found.seeds > 1 else np.zeros_like(square)
    total = found.subject + extra
    parts = found.subject**2 / max(1, found.subjects - 1)
    if found.seeds > 1:
        rest = found.residual**2 / max(1, found.residual_degrees)
        parts = parts + np.where(extra > 0, square**2 / degrees + rest, 0.0)
    some = np.full_like(total, max(1, found.subjects - 1))
    np.divide(total**2, parts, out=some, where=parts > 0)
    scale = found.seeds * found.subjects
    return StandardError(total / scale, extra / scale, np.maximum(some, 1.0))


def noise_of_differences(scores: Scores) -> SeedNoise | None:
    """Seed noise of the difference of two entries, pooled over all pairs of entries.

    Twice the mean square of entry x seed: what all entries share under one seed cancels.

    Args:
        scores: (entries, seeds, subjects).

    Returns:
        None with one seed or one entry.
    """
    entries, seeds, subjects = scores.shape
    if entries < 2 or seeds < 2:
        return None
    means = scores.mean(axis=2)
    rest = means - means.mean(axis=0) - means.mean(axis=1, keepdims=True) + means.mean()
    degrees = (entries - 1) * (seeds - 1)
    return SeedNoise(2 * subjects * float((rest**2).sum()) / degrees, degrees)


def noise_of_means(scores: Scores) -> SeedNoise | None:
    """Seed noise of one entry's mean, pooled over all entries: half that of a difference.

    Args:
        scores: (entries, seeds, subjects).

    Returns:
        None with one seed or one entry.
    """
    pooled = noise_of_differences(scores)
    return None if pooled is None else SeedNoise(pooled.mean_square / 2, pooled.degrees)


def spread(scores: Scores) -> Spread:
    """Standard deviation between seeds, between subjects, and of the rest, of one cell.

    Args:
        scores: (seeds, subjects).
    """
    return spreads(scores[None])[0]


def spreads(scores: Scores) -> list[Spread]:
    """As `spread`, of many cells (K, seeds, subjects)."""
    found = two_way(scores)
    parts = zip(found.seed.tolist(), found.subject.tolist(), found.residual.tolist(), strict=True)
    return [_spread(found.seeds, found.subjects, *part) for part in parts]


def _spread(seeds: int, subjects: int, seed: float, subject: float, rest: float) -> Spread:
    if seeds == 1 and subjects == 1:
        return Spread(None, None, None, "one score has no spread")
    if seeds == 1:
        return Spread(None, subject**0.5, None, "one seed: subjects and residual together")
    if subjects == 1:
        return Spread(seed**0.5, None, None, "one subject: seeds and residual together")
    between_seeds = max(0.0, seed - rest) / subjects
    between_subjects = max(0.0, subject - rest) / seeds
    return Spread(between_seeds**0.5, between_subjects**0.5, rest**0.5, "")
