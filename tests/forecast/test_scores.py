"""Transferability scores against their formulas written down another way, and their properties."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from benchmark.forecast.scores import SCORES, Features, PixelFeatures, cc_fv, gbc, h_score, log_me


def pixels(seed: int = 0, channels: int = 6, classes: int = 2, apart: float = 1.0) -> PixelFeatures:
    """Eight cases with five pixels of each class, of features in two maps."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.repeat(np.arange(classes), 5), 8)
    cases = np.repeat(np.arange(8), 5 * classes)
    features = rng.normal(size=(len(labels), channels)) @ rng.normal(size=(channels, channels))
    features += apart * labels[:, None] + 0.3 * rng.normal(size=(8, channels))[cases]
    return PixelFeatures((features[:, :2], features[:, 2:]), labels, cases)


def changed(own: PixelFeatures, *maps: Features) -> PixelFeatures:
    return PixelFeatures(maps, own.labels, own.cases)


def evidence(features: Features, y: Features) -> float:
    """Largest log density per pixel of y ~ N(0, 1 / beta + F F' / alpha), by an optimiser."""

    def negative(logs: Features) -> float:
        alpha, beta = np.exp(logs)
        covariance = np.eye(len(y)) / beta + features @ features.T / alpha
        return -float(multivariate_normal(cov=covariance).logpdf(y)) / len(y)

    return -float(minimize(negative, np.zeros(2), method="Nelder-Mead").fun)


@pytest.mark.parametrize(("channels", "classes"), [(6, 2), (6, 3), (120, 2)])
def test_logme_is_the_largest_evidence(channels: int, classes: int) -> None:
    own = pixels(channels=channels, classes=classes)
    expected = [evidence(own.joined, (own.labels == k).astype(float)) for k in range(classes)]
    assert log_me(own) == pytest.approx(np.mean(expected), abs=2e-4)


def test_logme_is_that_of_the_authors_code() -> None:
    """thuml/LogME, `LogME().fit(f, y)` of its newest commit, on these arrays."""
    rng = np.random.default_rng(7)
    f, y = rng.normal(size=(60, 5)), np.arange(60) % 3
    f[:, 0] += y
    own = PixelFeatures((f,), y, np.zeros(60, dtype=np.int64))
    assert log_me(own) == pytest.approx(-0.795098, abs=1e-3)


def test_h_score_is_the_trace_with_a_shrunk_covariance() -> None:
    own = pixels(classes=3)
    f = own.joined - own.joined.mean(axis=0)
    count, width = f.shape
    covariance = np.cov(f.T, bias=True)
    scale = np.trace(covariance) / width
    noise = np.mean([np.sum((np.outer(x, x) - covariance) ** 2) for x in f]) / count
    shrinkage = noise / np.sum((covariance - scale * np.eye(width)) ** 2)
    shrunk = (1 - shrinkage) * covariance + shrinkage * scale * np.eye(width)
    means = np.stack([f[own.labels == label].mean(axis=0) for label in own.labels])
    expected = np.trace(np.linalg.inv(shrunk) @ ((1 - shrinkage) * np.cov(means.T, bias=True)))
    assert 0 < shrinkage < 1 and h_score(own) == pytest.approx(expected)


def test_gbc_is_the_sum_of_overlaps_along_principal_components() -> None:
    own = pixels(classes=3)
    centred = own.joined - own.joined.mean(axis=0)
    components = centred @ np.linalg.svd(centred)[2].T
    groups = [components[own.labels == label] for label in range(3)]
    total = 0.0
    for a in range(3):
        for b in range(3):
            if a != b:
                one, other = np.diag(groups[a].var(axis=0)), np.diag(groups[b].var(axis=0))
                apart, both = groups[a].mean(axis=0) - groups[b].mean(axis=0), (one + other) / 2
                distance = (
                    apart @ np.linalg.inv(both) @ apart / 8
                    + np.log(
                        np.linalg.det(both) / np.sqrt(np.linalg.det(one) * np.linalg.det(other))
                    )
                    / 2
                )
                total += np.exp(-distance)
    assert gbc(own) == pytest.approx(-total, rel=1e-6)


def test_cc_fv_is_variety_over_inconsistency() -> None:
    own = pixels(classes=3)
    logs = []
    for features in own.maps:
        inconsistency = 0.0
        for label in (1, 2):
            parts = [features[(own.labels == label) & (own.cases == case)] for case in range(8)]
            distances = []
            for a in range(8):
                for b in range(a):
                    one, other = np.cov(parts[a].T), np.cov(parts[b].T)
                    shared = np.trace(np.real(sqrtm(one @ other)))
                    apart = np.sum((parts[a].mean(axis=0) - parts[b].mean(axis=0)) ** 2)
                    distances.append(np.sqrt(apart + np.trace(one + other) - 2 * shared))
            inconsistency += np.mean(distances)
        varieties = []
        for case in range(8):
            part = features[own.cases == case]
            energies = [1 / np.linalg.norm(part[a] - part[b])
                        for a in range(len(part)) for b in range(a)]  # fmt: skip
            varieties.append(1 / np.mean(energies))
        logs.append(np.log(np.mean(varieties) / inconsistency))
    assert cc_fv(own) == pytest.approx(np.mean(logs), rel=1e-6)


@pytest.mark.parametrize("name", SCORES)
def test_rotation_and_scale_of_features_do_not_matter(name: str) -> None:
    own = pixels(classes=3)
    rotated = [one @ np.linalg.qr(np.random.default_rng(1).normal(size=(one.shape[1],) * 2))[0]
               for one in own.maps]  # fmt: skip
    expected = SCORES[name].of(own)
    assert SCORES[name].of(changed(own, *rotated)) == pytest.approx(expected, abs=1e-5)
    scaled = changed(own, *(250 * one for one in own.maps))
    assert SCORES[name].of(scaled) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["logme", "h_score", "gbc"])
def test_classes_further_apart_are_better(name: str) -> None:
    values = [SCORES[name].of(pixels(apart=apart)) for apart in (0.0, 1.0, 4.0, 1e4)]
    assert values == sorted(values)
    assert np.isfinite(values).all()


def test_separated_classes_reach_the_best_value_and_equal_ones_the_worst() -> None:
    assert h_score(pixels(apart=1e6)) == pytest.approx(1, abs=1e-3)
    assert gbc(pixels(apart=1e6)) == pytest.approx(0, abs=1e-12)
    own = pixels(apart=0)
    same = np.concatenate([own.maps[0][own.labels == 0]] * 2)
    labels = np.repeat([0, 1], len(same) // 2)
    alike = PixelFeatures((same,), labels, np.zeros(len(same), dtype=np.int64))
    assert gbc(alike) == pytest.approx(-2) and h_score(alike) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", SCORES)
def test_what_has_no_value_is_nan(name: str) -> None:
    own = pixels()
    one_class = PixelFeatures(own.maps, np.zeros_like(own.labels), own.cases)
    broken = [one.copy() for one in own.maps]
    broken[0][3, 1] = np.inf
    for bad in (one_class, changed(own, *broken), changed(own, *(0 * one for one in own.maps))):
        assert np.isnan(SCORES[name].of(bad))


@pytest.mark.parametrize("name", SCORES)
def test_a_channel_that_never_changes_does_no_harm(name: str) -> None:
    own = pixels()
    more = changed(own, own.maps[0], np.column_stack([own.maps[1], np.zeros(len(own.labels))]))
    assert np.isfinite(SCORES[name].of(more))


def test_cc_fv_needs_a_label_in_two_cases() -> None:
    own = pixels()
    one_case = PixelFeatures(own.maps, own.labels, np.zeros_like(own.cases))
    assert np.isnan(cc_fv(one_case)) and np.isfinite(gbc(one_case))
