"""Circumference and area of drawn ellipses."""

import math

import numpy as np
import pytest
from scipy.special import ellipe

from benchmark.scoring import biometry
from benchmark.scoring.biometry import area_cm2, ellipse_circumference_mm
from benchmark.scoring.label_masks import LabelMasks, Mask


def area_error_cm2(prediction: Mask, reference: Mask, spacing: tuple[float, ...]) -> float:
    return biometry.area_error_cm2(LabelMasks(prediction, reference, spacing))


def mean_hu_error(
    prediction: Mask, reference: Mask, image: np.ndarray, valid: Mask | None = None
) -> float:
    return biometry.mean_hu_error(LabelMasks(prediction, reference, valid=valid, image=image))


def ellipse(
    a: float,
    b: float,
    spacing: tuple[float, float],
    angle: float = 0.0,
    shift: tuple[float, float] = (0.0, 0.0),
    side: float = 180.0,
) -> Mask:
    """A solid ellipse with semi-axes a, b in mm on a square image of the given side in mm."""
    rows, columns = (np.arange(int(side / s)) * s - side / 2 for s in spacing)
    y, x = rows[:, None] - shift[0], columns[None, :] - shift[1]
    u = math.cos(angle) * x + math.sin(angle) * y
    v = -math.sin(angle) * x + math.cos(angle) * y
    return (u / a) ** 2 + (v / b) ** 2 <= 1


def perimeter(a: float, b: float) -> float:
    a, b = max(a, b), min(a, b)
    return 4 * a * float(ellipe(1 - (b / a) ** 2))


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.4, 1.3), (2.0, 0.5)])
@pytest.mark.parametrize("angle", [0.0, 0.6, 1.9])
@pytest.mark.parametrize(("a", "b"), [(50.0, 50.0), (60.0, 45.0), (70.0, 25.0)])
def test_circumference_of_a_drawn_ellipse(
    a: float, b: float, angle: float, spacing: tuple[float, float]
) -> None:
    mask = ellipse(a, b, spacing, angle, shift=(5.3, -7.1))
    assert ellipse_circumference_mm(mask, spacing) == pytest.approx(perimeter(a, b), rel=0.005)
    assert area_cm2(mask, spacing) == pytest.approx(math.pi * a * b / 100, rel=0.01)


def test_a_rectangle_has_its_own_second_moments() -> None:
    # A 30 x 40 mm rectangle: variance side^2 / 12, thus semi-axes side / sqrt(3), at any spacing.
    expected = perimeter(30 / math.sqrt(3), 40 / math.sqrt(3))
    for spacing in [(1.0, 1.0), (3.0, 10.0), (30.0, 40.0)]:
        mask = np.ones((round(30 / spacing[0]), round(40 / spacing[1])), bool)
        assert ellipse_circumference_mm(mask, spacing) == pytest.approx(expected, rel=1e-6)


def test_scales_with_the_spacing() -> None:
    mask = ellipse(60.0, 45.0, (1.0, 1.0))
    full, half = (ellipse_circumference_mm(mask, (s, s)) for s in (1.0, 0.5))
    assert half == pytest.approx(full / 2)
    assert area_cm2(mask, (0.5, 0.5)) == pytest.approx(area_cm2(mask, (1.0, 1.0)) / 4)


def test_empty_and_bad_masks() -> None:
    assert ellipse_circumference_mm(np.zeros((4, 4), bool), (1.0, 1.0)) == 0.0
    assert area_cm2(np.zeros((4, 4), bool), (1.0, 1.0)) == 0.0
    for measure in (ellipse_circumference_mm, area_cm2):
        with pytest.raises(ValueError, match="2 axes"):
            measure(np.zeros((4, 4, 4), bool), (1.0, 1.0, 1.0))
        with pytest.raises(ValueError, match="spacing"):
            measure(np.zeros((4, 4), bool), (1.0, -1.0))


def test_a_stray_blob_moves_the_largest_components_circumference_not_at_all() -> None:
    reference = ellipse(60.0, 45.0, (1.0, 1.0))
    prediction = reference.copy()
    prediction[:9, :9] = True  # 0.81 cm2, far from the head
    masks = LabelMasks(prediction, reference, (1.0, 1.0))
    assert biometry.head_circumference_absolute_error_mm(masks) > 14
    assert biometry.head_circumference_largest_component_absolute_error_mm(masks) == 0.0
    assert biometry.head_stray_area_cm2(masks) == pytest.approx(0.81)
    nothing = LabelMasks(reference & False, reference, (1.0, 1.0))
    full = biometry.head_circumference_largest_component_difference_mm(nothing)
    assert full == -ellipse_circumference_mm(reference, (1.0, 1.0))
    assert biometry.head_stray_area_cm2(nothing) == 0.0


def test_area_error_of_a_picture_has_no_sign() -> None:
    small, large = np.zeros((2, 10, 10), bool)
    small[:2, :5], large[:4, :5] = True, True
    assert area_error_cm2(small, large, (2.0, 5.0)) == pytest.approx(1.0)
    assert area_error_cm2(large, small, (2.0, 5.0)) == pytest.approx(1.0)
    assert area_error_cm2(small & False, large, (2.0, 5.0)) == area_cm2(large, (2.0, 5.0))


def test_area_error_of_a_volume_is_a_mean_over_slices_that_are_not_empty() -> None:
    prediction, reference = np.zeros((2, 6, 6, 9), bool)
    prediction[:3, :4, 2], reference[:3, :2, 2] = True, True  # 6 pixels too many
    reference[:2, :1, 5] = True  # 2 pixels missed
    assert area_error_cm2(prediction, reference, (10.0, 10.0, 3.0)) == pytest.approx((6 + 2) / 2)
    a, b = (np.pad(mask, ((0, 0), (0, 0), (4, 4))) for mask in (prediction, reference))
    assert area_error_cm2(a, b, (10.0, 10.0, 3.0)) == pytest.approx(4.0)
    assert area_error_cm2(reference & False, reference & False, (1.0, 1.0, 1.0)) == 0.0


def test_mean_hu_error_by_hand() -> None:
    image = np.array([[10.0, 20.0, 60.0, -1000.0]])
    masks = np.array([[[1, 1, 0, 0]], [[0, 1, 1, 0]], [[0, 0, 0, 0]]], bool)
    assert mean_hu_error(masks[0], masks[1], image) == pytest.approx(40 - 15)
    assert mean_hu_error(masks[1], masks[0], image) == pytest.approx(25)
    assert mean_hu_error(masks[2], masks[2], image) == 0.0


def test_mean_hu_error_of_one_empty_mask_is_the_largest_possible() -> None:
    rng = np.random.default_rng(0)
    image, reference = rng.normal(50, 300, (6, 7)), rng.random((6, 7)) < 0.3
    worst = mean_hu_error(reference & False, reference, image)
    assert worst == mean_hu_error(reference, reference & False, image)
    single = np.eye(image.size, dtype=bool).reshape(-1, *image.shape)
    assert worst == pytest.approx(max(mean_hu_error(one, reference, image) for one in single))


def test_mean_hu_error_leaves_ignored_pixels_out() -> None:
    image = np.array([[10.0, 20.0, 900.0]])
    prediction, reference = np.array([[[1, 0, 1]], [[0, 1, 0]]], bool)
    valid = np.array([[True, True, False]])
    assert mean_hu_error(prediction, reference, image, valid) == pytest.approx(10)
    with pytest.raises(ValueError, match="the image has shape"):
        mean_hu_error(prediction, reference, image[:, :2])
    with pytest.raises(ValueError, match="needs the intensities"):
        biometry.mean_hu_error(LabelMasks(prediction, reference))
