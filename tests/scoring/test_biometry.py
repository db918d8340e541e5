"""Circumference and area of drawn ellipses."""

import math

import numpy as np
import pytest
from scipy.special import ellipe

from benchmark.scoring.biometry import area_cm2, ellipse_circumference_mm


def ellipse(a, b, spacing, angle=0.0, shift=(0.0, 0.0), side=180.0):
    """A solid ellipse with semi-axes a, b in mm on a square image of the given side in mm."""
    rows, columns = (np.arange(int(side / s)) * s - side / 2 for s in spacing)
    y, x = rows[:, None] - shift[0], columns[None, :] - shift[1]
    u = math.cos(angle) * x + math.sin(angle) * y
    v = -math.sin(angle) * x + math.cos(angle) * y
    return (u / a) ** 2 + (v / b) ** 2 <= 1


def perimeter(a, b):
    a, b = max(a, b), min(a, b)
    return 4 * a * float(ellipe(1 - (b / a) ** 2))


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.4, 1.3), (2.0, 0.5)])
@pytest.mark.parametrize("angle", [0.0, 0.6, 1.9])
@pytest.mark.parametrize(("a", "b"), [(50.0, 50.0), (60.0, 45.0), (70.0, 25.0)])
def test_circumference_of_a_drawn_ellipse(a, b, angle, spacing):
    mask = ellipse(a, b, spacing, angle, shift=(5.3, -7.1))
    assert ellipse_circumference_mm(mask, spacing) == pytest.approx(perimeter(a, b), rel=0.005)
    assert area_cm2(mask, spacing) == pytest.approx(math.pi * a * b / 100, rel=0.01)


def test_a_rectangle_has_its_own_second_moments():
    # A 30 x 40 mm rectangle: variance side^2 / 12, thus semi-axes side / sqrt(3), at any spacing.
    expected = perimeter(30 / math.sqrt(3), 40 / math.sqrt(3))
    for spacing in [(1.0, 1.0), (3.0, 10.0), (30.0, 40.0)]:
        mask = np.ones((round(30 / spacing[0]), round(40 / spacing[1])), bool)
        assert ellipse_circumference_mm(mask, spacing) == pytest.approx(expected, rel=1e-6)


def test_scales_with_the_spacing():
    mask = ellipse(60.0, 45.0, (1.0, 1.0))
    whole, half = (ellipse_circumference_mm(mask, (s, s)) for s in (1.0, 0.5))
    assert half == pytest.approx(whole / 2)
    assert area_cm2(mask, (0.5, 0.5)) == pytest.approx(area_cm2(mask, (1.0, 1.0)) / 4)


def test_empty_and_bad_masks():
    assert ellipse_circumference_mm(np.zeros((4, 4), bool), (1.0, 1.0)) == 0.0
    assert area_cm2(np.zeros((4, 4), bool), (1.0, 1.0)) == 0.0
    for measure in (ellipse_circumference_mm, area_cm2):
        with pytest.raises(ValueError, match="2 axes"):
            measure(np.zeros((4, 4, 4), bool), (1.0, 1.0, 1.0))
        with pytest.raises(ValueError, match="spacing"):
            measure(np.zeros((4, 4), bool), (1.0, -1.0))
