"""The entry point: names, order, spacing, ignored pixels, always finite."""

import math
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from benchmark.scoring.label_masks import LabelMasks, Mask
from benchmark.scoring.metrics import METRICS, score_label

OVERLAP = ["dice", "iou", "pixel_accuracy"]
PIXELS = [*OVERLAP, "artefact_count", "mean_hu_error"]
MILLIMETRES = [name for name in METRICS if name not in PIXELS]
UNITS = ("mm", "cm2", "HU", "count", "")
TRIPLES = array_shapes(min_dims=2, max_dims=3, max_side=6).flatmap(
    lambda shape: st.tuples(*[arrays(np.bool_, shape)] * 3)
)


def square(start: int, side: int = 4, size: int = 12) -> Mask:
    mask = np.zeros((size, size), bool)
    mask[start : start + side, start : start + side] = True
    return mask


def usable(ndim: int) -> list[str]:
    return [name for name in METRICS if ndim == 2 or not name.startswith("head_")]


def test_the_table_agrees_with_itself() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name and metric.bounds[0] <= metric.best <= metric.bounds[1]
        assert callable(getattr(import_module(f"benchmark.scoring.{metric.module}"), name))
        assert metric.title
        assert metric.unit in UNITS
        assert (metric.unit == "mm") == name.endswith("_mm")
        assert (metric.unit == "cm2") == name.endswith("_cm2")
        assert metric.higher_is_better == (metric.unit == "")


def test_order_is_the_one_asked_for() -> None:
    names = list(reversed(METRICS))
    image = np.zeros((12, 12))
    masks = LabelMasks(square(2), square(3), (1.0, 2.0), image=image, tolerance_mm=1.0)
    scores = score_label(masks, names)
    assert list(scores) == names
    assert all(type(value) is float for value in scores.values())
    assert score_label(LabelMasks(square(2), square(3)), []) == {}


def test_perfect_segmentation() -> None:
    masks = LabelMasks(square(2), square(2), (0.3, 2.0), image=np.eye(12), tolerance_mm=1.0)
    scores = score_label(masks, list(METRICS))
    assert scores == {name: metric.best for name, metric in METRICS.items()}


def test_head_circumference_has_a_sign() -> None:
    names = ["head_circumference_difference_mm", "head_circumference_absolute_error_mm"]
    small, large = square(3, 3), square(3, 6)
    under = score_label(LabelMasks(small, large, (1.0, 1.0)), names)
    over = score_label(LabelMasks(large, small, (1.0, 1.0)), names)
    assert under[names[0]] == -over[names[0]] < 0
    assert under[names[1]] == over[names[1]] == over[names[0]]
    # The ellipse of a square of side s is a circle of radius s / sqrt(3).
    assert over[names[0]] == pytest.approx(2 * math.pi * 3 / math.sqrt(3))


def test_unknown_metric() -> None:
    with pytest.raises(ValueError, match=r"unknown metric 'dicee'\. Did you mean 'dice'"):
        score_label(LabelMasks(square(2), square(2)), ["dicee"])


@pytest.mark.parametrize("name", MILLIMETRES)
def test_millimetres_need_a_spacing(name: str) -> None:
    with pytest.raises(ValueError, match="pixel spacing"):
        score_label(LabelMasks(square(2), square(2)), ["dice", name])


def test_the_mean_hu_needs_the_image() -> None:
    with pytest.raises(ValueError, match="mean_hu_error needs the intensities"):
        score_label(LabelMasks(square(2), square(2)), ["mean_hu_error"])


def test_the_area_is_of_slices_along_the_axis_given() -> None:
    prediction, reference = np.zeros((2, 2, 4, 4), bool)
    prediction[0, :2], reference[0, 0] = True, True
    areas = [
        score_label(
            LabelMasks(prediction, reference, (5.0, 1.0, 10.0), slice_axis=axis),
            ["area_error_cm2"],
        )["area_error_cm2"]
        for axis in (0, 1, 2)
    ]
    # 4 pixels of 10 mm2 on one slice; on two, 0 and 4 of 50 mm2; on four, 1 of 5 mm2 each.
    assert areas == pytest.approx([0.4, (0 + 2) / 2, 0.05])


def test_overlap_needs_no_spacing() -> None:
    scores = score_label(LabelMasks(square(2), square(3)), OVERLAP)
    assert scores == pytest.approx({"dice": 18 / 32, "iou": 9 / 23, "pixel_accuracy": 130 / 144})


def test_minimum_lesion_volume_is_passed_on() -> None:
    reference = square(2)
    reference[11, 11] = True
    for minimum, recall in ((0.0, 0.5), (2.0, 1.0)):
        masks = LabelMasks(square(2), reference, (1.0, 1.0), minimum_lesion_volume_mm3=minimum)
        assert score_label(masks, ["lesion_recall"]) == {"lesion_recall": recall}


@settings(max_examples=60, deadline=None)
@given(TRIPLES, st.floats(0.05, 20), st.sampled_from([0, 1, 2, 3]))
def test_finite_in_range_and_blind_to_ignored_pixels(
    masks: tuple[Mask, Mask, Mask], scale: float, emptied: int
) -> None:
    prediction, reference, valid = masks
    prediction = prediction & (emptied not in (1, 3))
    reference = reference & (emptied not in (2, 3))
    names = usable(prediction.ndim)
    image = np.arange(prediction.size, dtype=float).reshape(prediction.shape)

    def scored(p: Mask, r: Mask, mm: float = scale) -> dict[str, float]:
        spacing = tuple(mm * (axis + 1) for axis in range(p.ndim))
        masks = LabelMasks(p, r, spacing, valid=valid, image=image, tolerance_mm=2 * mm)
        return score_label(masks, names)

    scores = scored(prediction, reference)
    assert all(math.isfinite(value) for value in scores.values())
    for name, value in scores.items():
        low, high = METRICS[name].bounds
        assert low <= value <= high
        if not ((prediction & valid).any() or (reference & valid).any()):
            assert value == METRICS[name].best
        elif not ((prediction & valid).any() and (reference & valid).any()):
            assert METRICS[name].one_empty in (value, None)
    assert scored(prediction ^ ~valid, reference) == scores
    assert scored(prediction, reference | ~valid) == scores
    half = scored(prediction, reference, scale / 2)
    for name, value in scores.items():
        expected = value / {"mm": 2, "cm2": 4}.get(METRICS[name].unit, 1)
        assert half[name] == pytest.approx(expected, abs=1e-9)
