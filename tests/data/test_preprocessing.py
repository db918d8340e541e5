"""Preprocessing: intensities."""

import numpy as np

from benchmark.cards.problem import Intensity
from benchmark.data.preprocessing import scale_intensity


def test_intensities() -> None:
    image = np.array([0, 10, 20, 30, 1000], np.float32)
    window = scale_intensity(image, Intensity(kind="window", low=0, high=20))
    assert window.tolist() == [0, 0.5, 1, 1, 1]
    percentile = scale_intensity(image, Intensity(kind="percentile", low=0, high=100))
    assert percentile.max() == 1 and percentile[1] == 0
    assert np.isfinite(
        scale_intensity(np.zeros(4, np.float32), Intensity(kind="range", low=0, high=255))
    ).all()
