"""Overlap scores, by hand, against MONAI and as properties."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from benchmark.scoring import overlap
from benchmark.scoring.label_masks import LabelMasks, Mask

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    from monai.metrics import compute_dice, compute_iou

SHAPES = array_shapes(min_dims=1, max_dims=3, max_side=5)
MASKS = SHAPES.flatmap(lambda shape: st.tuples(*[arrays(np.bool_, shape)] * 3))


def dice(prediction: Mask, reference: Mask, valid: Mask | None = None) -> float:
    return overlap.dice(LabelMasks(prediction, reference, valid=valid))


def iou(prediction: Mask, reference: Mask, valid: Mask | None = None) -> float:
    return overlap.iou(LabelMasks(prediction, reference, valid=valid))


def pixel_accuracy(prediction: Mask, reference: Mask, valid: Mask | None = None) -> float:
    return overlap.pixel_accuracy(LabelMasks(prediction, reference, valid=valid))


SCORES = [dice, iou, pixel_accuracy]
Score = Callable[..., float]


def row(text: str) -> Mask:
    return np.array([c == "1" for c in text])


def test_by_hand() -> None:
    prediction, reference = row("11100000"), row("01111000")
    assert dice(prediction, reference) == pytest.approx(2 * 2 / 7)
    assert iou(prediction, reference) == pytest.approx(2 / 5)
    assert pixel_accuracy(prediction, reference) == pytest.approx(5 / 8)


def test_valid_takes_pixels_out() -> None:
    prediction, reference, valid = row("11100000"), row("01111000"), row("01110000")
    assert dice(prediction, reference, valid) == pytest.approx(2 * 2 / 5)
    assert iou(prediction, reference, valid) == pytest.approx(2 / 3)
    assert pixel_accuracy(prediction, reference, valid) == pytest.approx(2 / 3)


def test_empty_masks() -> None:
    empty, some = row("0000"), row("0110")
    assert [score(empty, empty) for score in SCORES] == [1.0, 1.0, 1.0]
    assert [score(empty, some) for score in SCORES] == [0.0, 0.0, 0.5]
    assert [score(some, empty) for score in SCORES] == [0.0, 0.0, 0.5]
    assert [score(some, ~some, empty) for score in SCORES] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("score", SCORES)
def test_shapes_must_agree(score: Score) -> None:
    with pytest.raises(ValueError, match="shape"):
        score(row("0101"), row("010"))
    with pytest.raises(ValueError, match="valid"):
        score(row("0101"), row("0101"), row("1"))


def test_inputs_are_left_alone() -> None:
    prediction, reference = row("1111"), row("1111")
    LabelMasks(prediction, reference, valid=row("1000"))
    assert prediction.all() and reference.all()


@pytest.mark.parametrize("shape", [(12, 17), (6, 7, 8)])
def test_against_monai(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    prediction, reference = rng.random(shape) < 0.4, rng.random(shape) < 0.3
    p, r = (torch.from_numpy(m)[None, None].float() for m in (prediction, reference))
    assert dice(prediction, reference) == pytest.approx(float(compute_dice(p, r)), abs=1e-4)
    assert iou(prediction, reference) == pytest.approx(float(compute_iou(p, r)), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_properties(masks: tuple[Mask, Mask, Mask]) -> None:
    prediction, reference, valid = masks
    for score in SCORES:
        value = score(prediction, reference, valid)
        assert 0.0 <= value <= 1.0
        assert value == score(reference, prediction, valid)
        assert score(reference, reference, valid) == 1.0
        cut = score(prediction[valid], reference[valid])
        assert value == pytest.approx(cut)
    d, j = dice(prediction, reference, valid), iou(prediction, reference, valid)
    assert d == pytest.approx(2 * j / (1 + j))
