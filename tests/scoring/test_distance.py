"""Surface distances, by hand, against MONAI and as properties."""

import math
import warnings
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.ndimage import gaussian_filter

from benchmark.scoring import distance
from benchmark.scoring.distance import assd_mm, hd95_mm
from benchmark.scoring.label_masks import LabelMasks, Mask
from benchmark.scoring.overlap import dice

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance
    from surface_distance import compute_robust_hausdorff, compute_surface_distances

SHAPES = array_shapes(min_dims=2, max_dims=3, max_side=5)
SPACING = st.floats(0.1, 10.0)
CASES = SHAPES.flatmap(
    lambda shape: st.tuples(
        arrays(np.bool_, shape),
        arrays(np.bool_, shape),
        st.tuples(*[SPACING] * len(shape)),
    )
)


Case = tuple[Mask, Mask, tuple[float, ...]]


def surface_scores(
    prediction: Mask, reference: Mask, spacing: tuple[float, ...]
) -> tuple[float, float]:
    masks = LabelMasks(prediction, reference, spacing)
    return hd95_mm(masks), assd_mm(masks)


def surface_distances(
    prediction: Mask, reference: Mask, spacing: tuple[float, ...]
) -> tuple[distance.Distances, distance.Distances]:
    return distance.surface_distances(LabelMasks(prediction, reference, spacing))


def blobs(shape: tuple[int, ...], seed: int) -> Mask:
    field = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 2.0)
    return field > np.quantile(field, 0.8)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((40, 50), (0.7, 1.9)), ((33, 32), (1.0, 1.0)), ((14, 25, 30), (3.0, 0.8, 1.25))],
)
def test_against_monai(shape: tuple[int, ...], spacing: tuple[float, ...], seed: int) -> None:
    prediction, reference = blobs(shape, seed), blobs(shape, seed + 100)
    p, r = (torch.from_numpy(m)[None, None].float() for m in (prediction, reference))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hausdorff = compute_hausdorff_distance(
            p, r, include_background=True, percentile=95, spacing=list(spacing)
        )
        average = compute_average_surface_distance(
            p, r, include_background=True, symmetric=True, spacing=list(spacing)
        )
    hd95, assd = surface_scores(prediction, reference, spacing)
    assert hd95 == pytest.approx(float(hausdorff), abs=1e-4)
    assert assd == pytest.approx(float(average), abs=1e-4)


def test_two_pixels() -> None:
    prediction, reference = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    prediction[1, 1], reference[4, 3] = True, True
    expected = math.hypot(3 * 2.0, 2 * 0.5)
    assert surface_scores(prediction, reference, (2.0, 0.5)) == pytest.approx((expected, expected))


def test_average_pools_both_surfaces() -> None:
    prediction, reference = np.zeros((1, 6), bool), np.zeros((1, 6), bool)
    prediction[0, 0], reference[0, :4] = True, True
    forth, back = surface_distances(prediction, reference, (1.0, 1.0))
    assert forth.tolist() == [0.0]
    assert sorted(back.tolist()) == [0.0, 1.0, 2.0, 3.0]
    hd95, assd = surface_scores(prediction, reference, (1.0, 1.0))
    assert assd == pytest.approx(6 / 5)
    assert hd95 == pytest.approx(np.percentile(back, 95))


def test_the_image_border_is_surface_and_the_inside_is_not() -> None:
    forth, back = surface_distances(np.ones((5, 6), bool), np.ones((5, 6), bool), (1.0, 1.0))
    assert len(forth) == len(back) == 2 * 5 + 2 * 4


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_volume_of_one_slice_has_the_distances_of_the_picture(axis: int) -> None:
    """Of a square of 9 x 9 pixels 32 are surface; of all 81 the mean distance would be 0.33 mm."""
    square, other = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    square[2:11, 2:11], other[2:11, 4:13] = True, True
    picture = (1.0, 1.0)
    volume = tuple(np.insert(picture, axis, 8.0))
    one, two = (np.expand_dims(mask, axis) for mask in (square, other))
    assert surface_scores(one, two, volume) == surface_scores(square, other, picture) == (2.0, 1.0)
    missed = LabelMasks(np.zeros_like(one), two, volume)
    assert hd95_mm(missed) == pytest.approx(math.hypot(20, 20))
    thick, thick_two = (np.repeat(mask, 2, axis) for mask in (one, two))  # that is a volume
    assert surface_scores(thick, thick_two, volume) != surface_scores(square, other, picture)


def test_empty_masks() -> None:
    empty, some = np.zeros((3, 4), bool), np.eye(3, 4, dtype=bool)
    diagonal = math.hypot(3 * 2.0, 4 * 2.0)
    assert surface_scores(empty, empty, (2.0, 2.0)) == (0.0, 0.0)
    assert surface_scores(empty, some, (2.0, 2.0)) == pytest.approx((diagonal, diagonal))
    assert surface_scores(some, empty, (2.0, 2.0)) == pytest.approx((diagonal, diagonal))


@pytest.mark.parametrize("spacing", [(1.0,), (1.0, 1.0, 1.0), (1.0, 0.0), (1.0, math.nan)])
def test_bad_spacing(spacing: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="spacing"):
        surface_scores(np.eye(3, dtype=bool), np.eye(3, dtype=bool), spacing)


def test_distances_without_a_spacing_are_refused() -> None:
    with pytest.raises(ValueError, match="pixel spacing, which is not known"):
        hd95_mm(LabelMasks(np.eye(3, dtype=bool), np.eye(3, dtype=bool)))


def test_both_scores_come_from_one_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Mock(side_effect=distance.surface_distances)
    monkeypatch.setattr(distance, "surface_distances", calls)
    surface_scores(np.eye(3, dtype=bool), np.ones((3, 3), bool), (1.0, 1.0))
    assert calls.call_count == 1


@settings(max_examples=60, deadline=None)
@given(CASES)
def test_properties(case: Case) -> None:
    prediction, reference, spacing = case
    scores = surface_scores(prediction, reference, spacing)
    diagonal = math.hypot(*(n * s for n, s in zip(prediction.shape, spacing, strict=True)))
    assert all(0.0 <= value <= diagonal * (1 + 1e-9) for value in scores)
    assert scores == pytest.approx(surface_scores(reference, prediction, spacing))
    assert surface_scores(reference, reference, spacing) == (0.0, 0.0)
    if prediction.any() and reference.any():
        assert max(scores) < diagonal
    half = surface_scores(prediction, reference, tuple(s / 2 for s in spacing))
    assert half == pytest.approx(tuple(value / 2 for value in scores))


@settings(max_examples=30, deadline=None)
@given(CASES)
def test_the_crop_changes_nothing(case: Case) -> None:
    prediction, reference, spacing = case
    # A volume of one slice, which is a picture, stays one.
    margin = [(0, 0) if prediction.ndim == 3 and n == 1 else (2, 2) for n in prediction.shape]
    wide, wide_reference = np.pad(prediction, margin), np.pad(reference, margin)
    if prediction.any() and reference.any():
        narrow = surface_scores(prediction, reference, spacing)
        assert surface_scores(wide, wide_reference, spacing) == pytest.approx(narrow)
        assert dice(LabelMasks(wide, wide_reference)) == dice(LabelMasks(prediction, reference))


def test_definitions_of_hd95_differ() -> None:
    """The statements on other libraries in docs/methodology.md."""
    prediction, reference = np.zeros((60, 60), bool), np.zeros((60, 60), bool)
    reference[5:35, 5:35] = prediction[5:35, 5:35] = True
    prediction[50:54, 50:52] = True  # a false positive: 8 of 124 surface pixels, 6.5 %
    masks = LabelMasks(prediction, reference, (1.0, 2.0))
    forth, back = distance.surface_distances(masks)
    hd95 = hd95_mm(masks)
    assert hd95 == max(np.percentile(forth, 95), np.percentile(back, 95)) > 30
    p, r = (torch.from_numpy(m)[None, None].float() for m in (prediction, reference))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"include_background": True, "percentile": 95}
        monai = compute_hausdorff_distance(p, r, spacing=[1.0, 2.0], **options)
        without_spacing = compute_hausdorff_distance(p, r, **options)
        missed = compute_hausdorff_distance(p * 0, r, spacing=[1.0, 2.0], **options)
        with pytest.raises(AttributeError, match="np.Inf"):
            compute_surface_distances(reference, prediction & False, (1.0, 2.0))
        weighted = compute_robust_hausdorff(
            compute_surface_distances(reference, prediction, (1.0, 2.0)), 95
        )
    assert float(monai) == pytest.approx(hd95, abs=1e-4)
    assert float(without_spacing) < hd95 - 5  # pixels, not mm
    assert math.isnan(float(missed))
    assert abs(weighted - hd95) > 0.5  # by length, between corners of pixels, not interpolated
    assert np.percentile(np.concatenate([forth, back]), 95) == 0.0  # pooled, as in MedPy
