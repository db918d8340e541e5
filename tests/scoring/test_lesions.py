"""Lesion detection, by hand and as properties."""

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from benchmark.scoring import lesions
from benchmark.scoring.label_masks import LabelMasks, Mask

UNIT = (1.0, 1.0)
SHAPES = array_shapes(min_dims=2, max_dims=3, max_side=6)
PAIRS = SHAPES.flatmap(lambda shape: st.tuples(*[arrays(np.bool_, shape)] * 2))


class Detection(NamedTuple):
    counts: lesions.LesionCounts
    recall: float
    precision: float
    f1: float

    @property
    def ratios(self) -> tuple[float, float, float]:
        return self.recall, self.precision, self.f1


def lesion_detection(
    prediction: Mask, reference: Mask, spacing: tuple[float, ...], minimum: float = 0.0
) -> Detection:
    masks = LabelMasks(prediction, reference, spacing, minimum_lesion_volume_mm3=minimum)
    ratios = (lesions.lesion_recall, lesions.lesion_precision, lesions.lesion_f1)
    return Detection(lesions.lesion_counts(masks), *(ratio(masks) for ratio in ratios))


def artefact_count(prediction: Mask, reference: Mask) -> int:
    return lesions.artefact_count(LabelMasks(prediction, reference))


def component_count(mask: Mask) -> int:
    return artefact_count(mask, np.zeros_like(mask))


def picture(*rows: str) -> Mask:
    return np.array([[c == "1" for c in text] for text in rows])


def test_by_hand() -> None:
    reference = picture("1100000", "1100110", "0000000", "1110000")
    prediction = picture("0000000", "0100000", "0000001", "0110100")
    found = lesion_detection(prediction, reference, UNIT)
    # Two of three found (one of them by a single pixel); the pixels on the right touch none.
    assert (found.counts.reference, found.counts.detected) == (3, 2)
    assert (found.counts.predicted, found.counts.hits) == (4, 2)
    assert found.ratios == pytest.approx((2 / 3, 1 / 2, 4 / 7))


def test_touching_without_overlap_is_no_detection() -> None:
    found = lesion_detection(picture("0011"), picture("1100"), UNIT)
    assert found.counts == (1, 1, 0, 0) and found.ratios == (0.0, 0.0, 0.0)


def test_one_prediction_can_detect_two_lesions() -> None:
    found = lesion_detection(picture("11111"), picture("11011"), UNIT)
    assert found.counts == (2, 1, 2, 1)
    assert found.ratios == (1.0, 1.0, 1.0)


def test_diagonal_neighbours_are_connected() -> None:
    assert component_count(np.eye(4, dtype=bool)) == 1
    corner = np.zeros((3, 3, 3), bool)
    corner[0, 0, 0] = corner[1, 1, 1] = True
    assert component_count(corner) == 1
    corner[1, 1, 1], corner[2, 2, 2] = False, True
    assert component_count(corner) == 2
    assert component_count(np.zeros((4, 4), bool)) == 0


@pytest.mark.parametrize("shape", [(5, 5), (4, 5, 6)])
def test_empty_masks(shape: tuple[int, ...]) -> None:
    empty, some = np.zeros(shape, bool), np.ones(shape, bool)
    spacing = (1.0,) * len(shape)
    assert lesion_detection(empty, empty, spacing).ratios == (1.0, 1.0, 1.0)
    assert lesion_detection(some, empty, spacing).ratios == (0.0, 0.0, 0.0)
    assert lesion_detection(empty, some, spacing).ratios == (0.0, 0.0, 0.0)


def test_minimum_volume_drops_small_components_of_both() -> None:
    reference = picture("111000100", "000000000")
    prediction = picture("111000000", "000000001")
    assert lesion_detection(prediction, reference, UNIT).ratios == (0.5, 0.5, 0.5)
    found = lesion_detection(prediction, reference, UNIT, minimum=2.0)
    assert found.counts[:2] == (1, 1)
    assert found.ratios == (1.0, 1.0, 1.0)
    none = lesion_detection(prediction, reference, UNIT, minimum=4.0)
    assert none.counts[:2] == (0, 0)
    assert none.ratios == (1.0, 1.0, 1.0)


def test_a_lesion_of_exactly_the_minimum_stays() -> None:
    mask = np.zeros((4, 4, 4), bool)
    mask[1, 1, :3] = True
    spacing = (0.1, 0.7, 0.1)
    assert lesion_detection(mask, mask, spacing, 0.021).counts.reference == 1
    assert lesion_detection(mask, mask, spacing, 0.0211).counts.reference == 0


def test_bad_input() -> None:
    line, plane = np.ones(3, bool), np.ones((3, 3), bool)
    with pytest.raises(ValueError, match="2 or 3 axes"):
        lesion_detection(line, line, (1.0,))
    with pytest.raises(ValueError, match="spacing"):
        lesion_detection(plane, plane, (1.0,))
    with pytest.raises(ValueError, match="negative"):
        lesion_detection(plane, plane, UNIT, -1.0)


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.floats(0, 6))
def test_against_a_plain_loop(pair: tuple[Mask, Mask], minimum: float) -> None:
    prediction, reference = pair
    structure = np.ones((3,) * prediction.ndim)

    def large_lesions(mask: Mask) -> list[Mask]:
        labels, count = ndimage.label(mask, structure)
        every = [labels == i for i in range(1, count + 1)]
        return [lesion for lesion in every if lesion.sum() >= minimum]

    predicted, real = large_lesions(prediction), large_lesions(reference)
    found = lesion_detection(prediction, reference, (1.0,) * prediction.ndim, minimum)
    assert found.counts.reference == len(real)
    assert found.counts.predicted == len(predicted)
    assert found.counts.detected == sum(any((a & b).any() for b in predicted) for a in real)
    assert found.counts.hits == sum(any((a & b).any() for b in real) for a in predicted)
    assert all(0.0 <= value <= 1.0 for value in found.ratios)
    back = lesion_detection(reference, prediction, (1.0,) * prediction.ndim, minimum)
    assert back.f1 == pytest.approx(found.f1)


def assert_components_are_those_of_scipy(mask: Mask) -> None:
    found, count = lesions.components(mask)
    expected, expected_count = ndimage.label(mask, np.ones((3,) * mask.ndim))
    pairs = np.unique(found.astype(np.int64) * (mask.size + 1) + expected)
    assert count == expected_count and len(pairs) == count + (not mask.all())
    assert np.array_equal(found > 0, mask)


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("pixels", [8, pytest.param(12, marks=pytest.mark.slow)])
def test_components_of_every_small_mask(axes: int, pixels: int) -> None:
    for shape in product(range(1, pixels + 1), repeat=axes):
        size = int(np.prod(shape))
        if size <= pixels:
            for bits in range(2**size):
                assert_components_are_those_of_scipy(
                    (bits >> np.arange(size) & 1).astype(bool).reshape(shape)
                )


@pytest.mark.parametrize("shape", [(218, 181), (181, 218), (67, 67), (64, 67), (20, 31, 17)])
def test_components_of_large_masks(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    for smoothing, share in product((0, 1, 3), (0.5, 0.8, 0.95)):
        field = ndimage.gaussian_filter(rng.standard_normal(shape), smoothing)
        assert_components_are_those_of_scipy(field > np.quantile(field, share))


@settings(max_examples=60, deadline=None)
@given(array_shapes(min_dims=2, max_dims=3, max_side=24).flatmap(lambda s: arrays(np.bool_, s)))
def test_components(mask: Mask) -> None:
    assert_components_are_those_of_scipy(mask)
    assert_components_are_those_of_scipy(mask[::2])  # not contiguous


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.floats(0, 6))
def test_the_crop_changes_nothing(pair: tuple[Mask, Mask], minimum: float) -> None:
    spacing = (1.0,) * pair[0].ndim
    wide, wide_reference = (np.pad(mask, 3) for mask in pair)
    narrow = lesion_detection(*pair, spacing, minimum)
    assert lesion_detection(wide, wide_reference, spacing, minimum) == narrow


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (1, 1, 3), (1, 3, 1), (3, 1, 1)])
def test_two_lesions_in_one_row_of_pixels(shape: tuple[int, ...]) -> None:
    mask = np.array([True, False, True]).reshape(shape)
    assert component_count(mask) == 2
    assert lesion_detection(mask, mask, (1.0,) * len(shape)).f1 == 1.0


def test_artefacts_are_predicted_components_that_touch_nothing() -> None:
    reference = picture("1100000", "1100110", "0000000", "1110000")
    prediction = picture("0000000", "0100000", "0000001", "0110100")
    assert artefact_count(prediction, reference) == 2
    assert artefact_count(reference, prediction) == 1
    assert artefact_count(prediction, reference & False) == component_count(prediction)
    assert artefact_count(prediction & False, reference) == 0


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_artefacts_are_the_false_positives_of_detection(masks: tuple[Mask, Mask]) -> None:
    spacing = (1.0,) * masks[0].ndim
    counts = lesion_detection(*masks, spacing).counts
    assert artefact_count(*masks) == counts.predicted - counts.hits
