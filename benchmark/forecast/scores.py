"""Transferability scores of features of labelled pixels; of all, higher is a better forecast.

All are functions of the same sample and do not change when features are rotated or multiplied by a
number. Each is NaN where it has no value: fewer than two classes, a value that is not finite, or
features that are all equal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
ITERATIONS, TOLERANCE = 200, 1e-6
SMALLEST = 1e-9  # of a variance or residual, relative to the mean one
COMPONENTS = 64


@dataclass(frozen=True)
class PixelFeatures:
    """Features of sampled pixels.

    Attributes:
        maps: Per feature map of the encoder (pixels, channels).
        labels: 0 background, 1 ... the labels (pixels,).
        cases: Number of the case of each pixel (pixels,).
    """

    maps: tuple[Features, ...]
    labels: Labels
    cases: Labels

    @cached_property
    def joined(self) -> Features:
        """All maps side by side (pixels, all channels)."""
        return np.concatenate(self.maps, axis=1)

    @property
    def usable(self) -> bool:
        """Whether there are two classes, and finite features that are not all equal."""
        return (
            len(np.unique(self.labels)) > 1
            and all(np.isfinite(level).all() for level in self.maps)
            and any(np.ptp(level, axis=0).any() for level in self.maps)
        )


def log_me(pixels: PixelFeatures) -> float:
    """LogME: log evidence per pixel of linear models of each class against the rest, mean of them.

    You et al., "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", ICML
    2021. With weights w ~ N(0, 1/alpha) and a label y ~ N(f'w, 1/beta), alpha and beta maximise
    p(y | F), found by MacKay's fixed point from alpha = beta = 1. There is no intercept, and a
    residual below 1e-9 of the labels' squares counts as that (perfectly separable classes).
    """
    if not pixels.usable:
        return np.nan
    features, count = pixels.joined, len(pixels.labels)
    wide = features.shape[1] > count
    values, vectors = np.linalg.eigh(features @ features.T if wide else features.T @ features)
    kept = values > values.max() * 1e-10
    values, vectors = values[kept], vectors[:, kept]
    evidences = []
    for label in np.unique(pixels.labels):
        y = (pixels.labels == label).astype(np.float64)
        projected = (vectors.T @ (y if wide else features.T @ y)) ** 2
        evidences.append(
            _evidence(values, projected / (1.0 if wide else values), float(y @ y), count)
        )
    return float(np.mean(evidences))


def _evidence(values: Features, projected: Features, squares: float, count: int) -> float:
    """Maximum log evidence per pixel.

    Args:
        values: Squared singular values of the features, above 0 (rank,).
        projected: Squared labels along the left singular vectors (rank,).
        squares: Sum of the squared labels.
        count: Number of pixels.
    """
    rest, least = squares - projected.sum(), SMALLEST * squares
    alpha = beta = 1.0
    for _ in range(ITERATIONS):
        ratio = alpha / beta
        gamma = (values / (values + ratio)).sum()
        weights = (values * projected / (values + ratio) ** 2).sum()
        residual = max(rest + (projected * (ratio / (values + ratio)) ** 2).sum(), least)
        alpha, beta = gamma / max(weights, least / values.max()), (count - gamma) / residual
        if abs(alpha / beta - ratio) <= TOLERANCE * ratio:
            break
    logs = len(values) * np.log(alpha) - np.log(alpha + beta * values).sum()
    logs += count * np.log(beta / (2 * np.pi))
    return float(logs - beta * residual - alpha * weights) / (2 * count)


def h_score(pixels: PixelFeatures) -> float:
    """H-score with a shrunk covariance: tr(cov_a(f)^-1 (1 - a) cov(E[f | y])).

    Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer Learning",
    ICIP 2019; shrinkage a of Ledoit and Wolf (Journal of Multivariate Analysis 88, 2004) as in
    Ibrahim, Ponomareva and Mazumder, "Newer is not always better", ECML PKDD 2022: without it the
    score of many channels and few pixels is that of the noise. From 0 to classes - 1.
    """
    if not pixels.usable:
        return np.nan
    features, count = pixels.joined - pixels.joined.mean(axis=0), len(pixels.labels)
    width = features.shape[1]
    covariance = features.T @ features / count
    scale, squares = covariance.trace() / width, float((covariance**2).sum())
    spread = squares - width * scale**2
    noise = float(((features**2).sum(axis=1) ** 2).mean() - squares) / count
    shrinkage = 1.0 if spread <= 0 else float(np.clip(noise / spread, SMALLEST, 1.0))
    shrunk = (1 - shrinkage) * covariance + shrinkage * scale * np.eye(width)
    classes, shares = np.unique(pixels.labels, return_counts=True)
    means = np.stack([features[pixels.labels == label].mean(axis=0) for label in classes])
    explained = (means * np.linalg.solve(shrunk, means.T).T).sum(axis=1)
    return float((1 - shrinkage) * (shares / count) @ explained)


def gbc(pixels: PixelFeatures) -> float:
    """Gaussian Bhattacharyya coefficient: -sum over ordered pairs of classes of exp(-distance).

    Pandy et al., "Transferability Estimation using Bhattacharyya Class Separability", CVPR 2022:
    each class is a Gaussian with diagonal covariance over the first 64 principal components, and
    the distance is Bhattacharyya's. From -classes (classes - 1), when all are alike, to 0.
    """
    if not pixels.usable:
        return np.nan
    features = pixels.joined - pixels.joined.mean(axis=0)
    _, vectors = np.linalg.eigh(features.T @ features)
    features = features @ vectors[:, -COMPONENTS:]
    least = SMALLEST * features.var(axis=0).mean()
    groups = [features[pixels.labels == label] for label in np.unique(pixels.labels)]
    gaussians = [(group.mean(axis=0), group.var(axis=0) + least) for group in groups]
    total = 0.0
    for (mean, variance), (other_mean, other) in combinations(gaussians, 2):
        both = (variance + other) / 2
        distance = ((mean - other_mean) ** 2 / both).sum() / 8
        distance += np.log(both / np.sqrt(variance * other)).sum() / 2
        total += float(np.exp(-distance))
    return 0.0 - 2 * total


def cc_fv(pixels: PixelFeatures) -> float:
    """CC-FV: mean over maps of log(feature variety / class inconsistency).

    Yang et al., "Pick the Best Pre-trained Model: Towards Transferability Estimation for Medical
    Image Segmentation", MICCAI 2023. Inconsistency: Wasserstein distance between the features of a
    label in two cases (as Gaussians), mean over pairs of cases, summed over labels. Variety: the
    inverse of the potential energy of the sampled features of a case (1 / distance over pairs of
    pixels), mean over cases: equations 1 to 5 of arXiv 2307.11958, with means over pairs in place
    of sums. The authors' code (EndoluminalSurgicalVision-IMR/CCFV, commit 4d5ee93) takes the energy
    itself, of one mean vector per image: there variety counts with the other sign. Our maps are
    those of the encoder (there, of the decoder), because most sources provide no decoder. NaN too
    if no label is in two cases with two pixels each.
    """
    if not pixels.usable:
        return np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [np.log(_variety(level, pixels.cases)) - np.log(_inconsistency(level, pixels))
                for level in pixels.maps]  # fmt: skip
    value = float(np.mean(logs))
    return value if np.isfinite(value) else np.nan


def _variety(features: Features, cases: Labels) -> float:
    """Inverse potential energy of the features of a case, mean over cases with two pixels."""
    inverses = []
    for case in np.unique(cases):
        in_case = features[cases == case]
        squares = (in_case**2).sum(axis=1)
        distances = squares[:, None] + squares - 2 * in_case @ in_case.T
        distances = distances[np.triu_indices(len(in_case), 1)]
        if len(distances):
            floor = SMALLEST * max(float(distances.mean()), SMALLEST)
            inverses.append(1 / np.mean(1 / np.sqrt(np.maximum(distances, floor))))
    return float(np.mean(inverses))


def _inconsistency(features: Features, pixels: PixelFeatures) -> float:
    """Wasserstein distance of a label's Gaussians, mean over pairs of cases, summed over labels."""
    total = 0.0
    for label in np.unique(pixels.labels[pixels.labels > 0]):
        of_label = pixels.labels == label
        groups = [features[of_label & (pixels.cases == case)] for case in np.unique(pixels.cases)]
        groups = [group for group in groups if len(group) > 1]
        if len(groups) > 1:
            total += float(np.mean(_wasserstein(groups)))
    return total


def _wasserstein(groups: list[Features]) -> Features:
    """2-Wasserstein distances (pairs,) between Gaussians fitted to groups of features.

    The trace of (C1^1/2 C2 C1^1/2)^1/2 is the nuclear norm of A1 A2', where C = A'A.
    """
    means = np.stack([group.mean(axis=0) for group in groups])
    roots = np.zeros((len(groups), max(map(len, groups)), means.shape[1]))
    for root, group, mean in zip(roots, groups, means, strict=True):
        root[: len(group)] = (group - mean) / np.sqrt(len(group) - 1)
    traces = (roots**2).sum(axis=(1, 2))
    first, second = np.triu_indices(len(groups), 1)
    norms = [np.linalg.svd(roots[k] @ roots[k + 1 :].transpose(0, 2, 1), compute_uv=False).sum(1)
             for k in range(len(groups) - 1)]  # fmt: skip
    apart = ((means[first] - means[second]) ** 2).sum(axis=1)
    squares = apart + traces[first] + traces[second] - 2 * np.concatenate(norms)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), dtype=np.float64)


@dataclass(frozen=True)
class Score:
    """One transferability score: its short title and its function."""

    title: str
    of: Callable[[PixelFeatures], float]


SCORES: dict[str, Score] = {
    "logme": Score("LogME", log_me),
    "h_score": Score("H-score", h_score),
    "gbc": Score("GBC", gbc),
    "cc_fv": Score("CC-FV", cc_fv),
}
