"""Surface Dice: by hand, against the authors' implementation and MONAI, and as properties."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.ndimage import gaussian_filter

from benchmark.scoring.label_masks import LabelMasks, Mask
from benchmark.scoring.surface_dice import nsd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    from monai.metrics import compute_surface_dice
    from surface_distance import compute_surface_dice_at_tolerance, compute_surface_distances

Spacing = tuple[float, ...]
CASES = array_shapes(min_dims=2, max_dims=3, max_side=5).flatmap(
    lambda shape: st.tuples(
        arrays(np.bool_, shape),
        arrays(np.bool_, shape),
        st.tuples(*[st.floats(0.1, 10.0)] * len(shape)),
        st.floats(0.1, 20.0),
    )
)


def surface_dice(
    prediction: Mask, reference: Mask, spacing: Spacing, tolerance: float | None
) -> float:
    return nsd(LabelMasks(prediction, reference, spacing, tolerance_mm=tolerance))


def deepmind(prediction: Mask, reference: Mask, spacing: Spacing, tolerance: float) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls functions that scipy has moved
        distances = compute_surface_distances(reference, prediction, spacing)
    return float(compute_surface_dice_at_tolerance(distances, tolerance))


def random_mask(shape: tuple[int, ...], rng: np.random.Generator) -> Mask:
    """Noise or blobs, never empty."""
    field = gaussian_filter(rng.standard_normal(shape), rng.choice([0.0, 1.0, 2.0]))
    return np.asarray(field >= np.quantile(field, rng.uniform(0.3, 0.95)))


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 3, 4))]
)
def test_against_the_implementation_of_the_authors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for number in range(200):
        axes, side = ((2, 24), (3, 9))[number % 2]
        shape = tuple(rng.integers(2, side, axes))
        prediction, reference = random_mask(shape, rng), random_mask(shape, rng)
        spacing, tolerance = tuple(rng.uniform(0.3, 4, axes)), rng.uniform(0.2, 5)
        expected = deepmind(prediction, reference, spacing, tolerance)
        found = surface_dice(prediction, reference, spacing, tolerance)
        assert found == pytest.approx(expected, abs=1e-9), (shape, spacing, tolerance)


@pytest.mark.parametrize("shape", [(30, 30), (20, 20, 20)])
def test_every_neighbourhood_has_the_size_of_the_authors(shape: tuple[int, ...]) -> None:
    rng, spacing = np.random.default_rng(0), (0.7, 1.3, 2.1)[: len(shape)]
    noise, other = (rng.random(shape) < 0.5 for _ in range(2))
    # The tolerance is below every distance, so that only what is equal counts.
    expected = deepmind(noise, other, spacing, 0.01)
    assert surface_dice(noise, other, spacing, 0.01) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("shape", "spacing"), [((40, 50), (0.7, 1.9)), ((14, 25, 30), (3.0, 0.8, 1.25))]
)
def test_against_monai_with_subvoxels(shape: tuple[int, ...], spacing: Spacing) -> None:
    rng = np.random.default_rng(0)
    prediction, reference = random_mask(shape, rng), random_mask(shape, rng)
    p, r = (torch.from_numpy(m)[None, None].float() for m in (prediction, reference))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        by_default, exact = (
            float(
                compute_surface_dice(
                    p, r, [2.0], include_background=True, spacing=list(spacing), use_subvoxels=sub
                )
            )
            for sub in (False, True)
        )
    found = surface_dice(prediction, reference, spacing, 2.0)
    assert found == pytest.approx(exact, abs=1e-5)
    assert abs(found - by_default) > 0.005  # MONAI's default counts pixels


def test_by_hand() -> None:
    prediction, reference = np.zeros((1, 6), bool), np.zeros((1, 6), bool)
    prediction[0, 0], reference[0, :3] = True, True
    # Four corners are cut; the longer bar has two sides of two pixels between its corners.
    corners, sides = 4 * math.sqrt(0.5), 4.0
    total = 2 * corners + sides
    for tolerance, within in (
        (0.5, corners + corners / 2 + sides / 2),
        (1.0, corners + corners / 2 + sides),
        (2.0, total),
    ):
        found = surface_dice(prediction, reference, (1.0, 1.0), tolerance)
        assert found == pytest.approx(within / total)


def test_a_surface_exactly_at_the_tolerance_counts() -> None:
    prediction, reference = np.zeros((12, 12), bool), np.zeros((12, 12), bool)
    prediction[1:5, 1:3], reference[4:8, 1:3] = True, True
    assert 3 * 0.7 != 2.1
    assert surface_dice(prediction, reference, (0.7, 0.7), 2.1) == 1.0
    assert surface_dice(prediction, reference, (0.7, 0.7), 2.09) < 1.0


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5)])
def test_empty_masks(shape: tuple[int, ...]) -> None:
    empty, some = np.zeros(shape, bool), np.ones(shape, bool)
    spacing = (1.0,) * len(shape)
    assert surface_dice(empty, empty, spacing, 1.0) == 1.0
    assert surface_dice(some, empty, spacing, 100.0) == 0.0
    assert surface_dice(empty, some, spacing, 100.0) == 0.0


@pytest.mark.parametrize(
    ("tolerance", "message"),
    [(None, "tolerance_mm"), (0.0, "positive"), (math.inf, "finite"), (math.nan, "positive")],
)
def test_a_tolerance_is_needed(tolerance: float | None, message: str) -> None:
    mask = np.eye(3, dtype=bool)
    with pytest.raises(ValueError, match=message):
        surface_dice(mask, mask, (1.0, 1.0), tolerance)


@settings(max_examples=60, deadline=None)
@given(CASES)
def test_properties(case: tuple[Mask, Mask, Spacing, float]) -> None:
    prediction, reference, spacing, tolerance = case
    found = surface_dice(prediction, reference, spacing, tolerance)
    assert 0.0 <= found <= 1.0
    assert found == pytest.approx(surface_dice(reference, prediction, spacing, tolerance))
    assert surface_dice(prediction, reference, spacing, 2 * tolerance) >= found - 1e-12
    assert surface_dice(reference, reference, spacing, tolerance) == 1.0
    half = surface_dice(prediction, reference, tuple(s / 2 for s in spacing), tolerance / 2)
    assert half == pytest.approx(found)
    # A volume of one slice, which is a picture, stays one.
    margin = [(0, 0) if prediction.ndim == 3 and n == 1 else (2, 2) for n in prediction.shape]
    wide, wide_reference = np.pad(prediction, margin), np.pad(reference, margin)
    assert surface_dice(wide, wide_reference, spacing, tolerance) == pytest.approx(found)


def test_a_volume_of_one_slice_is_a_picture() -> None:
    """As a volume, the inside of the slice would be surface, and all of it in place."""
    square, other = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    square[2:11, 2:11], other[2:11, 5:14] = True, True
    picture = surface_dice(square, other, (1.0, 1.0), 1.0)
    volume = surface_dice(square[None], other[None], (8.0, 1.0, 1.0), 1.0)
    assert volume == picture < 0.8
