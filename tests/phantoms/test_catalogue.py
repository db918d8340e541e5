"""Phantoms: seeded, within their labels, plausible, and not solved by a threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion

from benchmark.cards.content import content_roots
from benchmark.cards.layouts import PhantomLayout
from benchmark.cards.registry import Registry
from benchmark.phantoms.catalogue import PHANTOMS, make_case
from benchmark.scoring.biometry import ellipse_circumference_mm


@pytest.mark.parametrize("name", PHANTOMS)
def test_a_case_is_the_same_every_time_and_unlike_the_next(name: str) -> None:
    one, two = (make_case(name, seed=3, index=5, size=32) for _ in range(2))
    assert np.array_equal(one.image, two.image) and np.array_equal(one.mask, two.mask)
    other = make_case(name, seed=3, index=6, size=32)
    assert not np.array_equal(one.image, other.image)


@pytest.mark.parametrize("name", PHANTOMS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 99), size=st.sampled_from([32, 48, 64]))
def test_shapes_labels_and_values(name: str, seed: int, size: int) -> None:
    phantom, case = PHANTOMS[name], make_case(name, seed=seed, index=0, size=size)
    assert case.mask.ndim == phantom.dims == len(case.spacing_mm)
    assert case.image.shape[: phantom.dims] == case.mask.shape
    assert np.isfinite(case.image).all() and min(case.spacing_mm) > 0
    assert set(np.unique(case.mask)) <= {0, *phantom.labels.values()}


@pytest.mark.parametrize("name", [n for n, p in PHANTOMS.items() if len(p.labels) == 1])
def test_no_threshold_solves_it(name: str) -> None:
    cases = [make_case(name, seed=1, index=k, size=64) for k in range(6)]
    images = [c.image if c.image.ndim == c.mask.ndim else c.image.mean(-1) for c in cases]
    best = 0.0
    for level in np.quantile(np.concatenate([i.ravel() for i in images]), np.linspace(0, 1, 21)):
        for sign in (1, -1):
            found = [sign * image > sign * level for image in images]
            both = sum((f & (c.mask > 0)).sum() for f, c in zip(found, cases, strict=True))
            size = sum(f.sum() + (c.mask > 0).sum() for f, c in zip(found, cases, strict=True))
            best = max(best, 2 * both / size)
    assert best < 0.8


@pytest.mark.parametrize("name", ["fetal_head", "fetal_head_texture"])
@pytest.mark.parametrize("index", range(4))
def test_the_head_has_the_circumference_it_says(name: str, index: int) -> None:
    case = make_case(name, seed=0, index=index, size=256)
    measured = ellipse_circumference_mm(case.mask > 0, case.spacing_mm)
    assert measured == pytest.approx(case.facts["head_circumference_mm"], rel=0.02)


def test_the_textured_head_has_finer_speckle_than_what_surrounds_it() -> None:
    cases = [make_case("fetal_head_texture", seed=0, index=k, size=64) for k in range(8)]
    sharpness = []
    for case in cases:
        step = np.abs(np.diff(case.image, axis=1))
        inside = binary_erosion(case.mask > 0, iterations=4)[:, 1:]
        outside = binary_erosion((case.mask == 0) & (case.image > 0), iterations=2)[:, 1:]
        means = case.image[:, 1:][inside].mean(), case.image[:, 1:][outside].mean()
        sharpness.append(step[inside].mean() / means[0] / (step[outside].mean() / means[1]))
    assert min(sharpness) > 1.2


def test_ct_is_in_hounsfield_units_and_devices_differ() -> None:
    case = make_case("abdomen_ct", seed=0, index=0, size=64, device="A")
    assert case.facts["device"] == "A"
    assert 40 < case.image[case.mask == 1].mean() < 65 and case.image.min() < -900
    other = make_case("abdomen_ct", seed=0, index=0, size=64, device="C")
    inside = case.mask == 2
    assert other.image[inside].std() > 1.3 * case.image[inside].std()


def test_an_unknown_phantom_answers_with_near_matches() -> None:
    with pytest.raises(ValueError, match="Did you mean 'fetal_head'"):
        make_case("fetal_hed", seed=0, index=0, size=32)


def test_cards_and_generators_agree() -> None:
    for card in Registry.load(content_roots()).datasets.values():
        if isinstance(card.layout, PhantomLayout):
            phantom = PHANTOMS[card.layout.generator]
            assert phantom.version == card.layout.generator_version
            assert dict(phantom.labels) == card.labels
