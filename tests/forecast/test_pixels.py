"""Which pixels are sampled: fixed, balanced, of the training cases alone."""

import numpy as np
import pytest

from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
from benchmark.data.preprocessing import IGNORE
from benchmark.errors import DataError
from benchmark.forecast.pixels import CASES, PIXELS, SLICES, sample_pixels


def prepared(cases: int = 40, slices: int = 6, size: int = 16) -> PreparedDataset:
    """Label 1 in the middle slices, label 2 in one pixel of one of them, a column ignored."""
    masks = np.zeros((cases * slices, size, size), np.uint8)
    masks.reshape(cases, slices, size, size)[:, 1:-1, 4:9, 4:9] = 1
    masks.reshape(cases, slices, size, size)[:, 1, 0, 3] = 2
    masks[..., 12] = IGNORE
    index = tuple(
        PreparedCase(f"c{k}", f"s{k}", k * slices, slices, (size, size), (size, size))
        for k in range(cases)
    )
    images = np.zeros((len(masks), 1, size, size), np.float16)
    return PreparedDataset(images, masks, index)


def test_every_sampled_pixel_has_the_label_of_its_place() -> None:
    data = prepared()
    names = [f"c{k}" for k in range(5, 40)]
    sample = sample_pixels(data, names)
    assert {own.case for own in sample} == set(range(CASES))
    for own in sample:
        assert (data.masks[own.row][own.at[:, 0], own.at[:, 1]] == own.labels).all()
        assert data.masks[own.row].any() and own.row >= 5 * 6 and IGNORE not in own.labels


def test_classes_are_balanced_and_slices_few() -> None:
    sample = [own for own in sample_pixels(prepared(), ["c1"]) if own.case == 0]
    labels = np.concatenate([own.labels for own in sample])
    assert np.bincount(labels).tolist() == [PIXELS, PIXELS, 1]
    assert len({own.row for own in sample}) == SLICES


def test_the_sample_is_always_the_same_and_does_not_depend_on_the_order_of_names() -> None:
    names = [f"c{k}" for k in range(40)]
    first, again = (sample_pixels(prepared(), order) for order in (names, names[::-1]))
    assert all(np.array_equal(a.at, b.at) and a.row == b.row
               for a, b in zip(first, again, strict=True))  # fmt: skip


def test_cases_without_a_label_give_background_and_alone_nothing() -> None:
    data = prepared(cases=3)
    data.masks[:6] = 0
    assert {label for own in sample_pixels(data, ["c0", "c1"]) for label in own.labels} == {0, 1, 2}
    with pytest.raises(DataError, match="1 training cases hold fewer than two classes"):
        sample_pixels(data, ["c0"])
