"""Predictions come back to the native grid, whatever was cut or padded before."""

import numpy as np
import numpy.typing as npt
import torch

from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
from benchmark.running.inference import native_labels


def bright(images: npt.NDArray[np.float16]) -> torch.Tensor:
    """Logits that predict label 1 for bright pixels."""
    one = torch.from_numpy(images).float()
    return torch.cat([1 - one, one], 1) * 20


def test_padding_is_removed_and_the_size_restored() -> None:
    case = PreparedCase("c", "s", 0, 1, (50, 100), (32, 64))
    images = np.zeros((1, 1, 64, 64), np.float16)
    images[0, 0, 16:48, 32:] = 1
    prepared = PreparedDataset(images, np.zeros((1, 64, 64), np.uint8), (case,))
    labels = native_labels([bright(images)], prepared, case)
    expected = np.zeros((1, 50, 100))
    expected[..., 50:] = 1
    assert np.array_equal(labels, expected)
