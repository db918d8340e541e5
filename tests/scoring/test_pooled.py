"""Scores pooled over batches, as published code has them: by hand and against plain loops."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from benchmark.scoring.label_masks import LabelMasks
from benchmark.scoring.metrics import METRICS, POOLED
from benchmark.scoring.overlap import dice, iou, pixel_accuracy
from benchmark.scoring.pooled import PooledScores

NAMES = list(POOLED)
Batch = tuple[npt.NDArray[np.floating], npt.NDArray[np.bool_]]


def pooled_scores(batches: Sequence[Batch], metrics: Sequence[str]) -> dict[str, float]:
    scores = PooledScores(metrics)
    for probability, reference in batches:
        scores.add(probability, reference)
    return scores.result()


def test_the_table_agrees_with_itself() -> None:
    for name, metric in POOLED.items():
        assert metric.name == name and metric.title and metric.per_case in METRICS
        assert name not in METRICS  # a published.csv names either by one key


def test_by_hand() -> None:
    first = (np.array([[0.9, 0.8, 0.1, 0.5]]), np.array([[True, False, True, False]]))
    second = (np.array([[0.6, 0.0]]), np.array([[True, False]]))
    scores = pooled_scores([first, second], NAMES)
    # Batch 1: one hit, one false, one missed; 0.5 is not above the threshold. Batch 2: perfect.
    assert scores["pooled_pixel_accuracy"] == pytest.approx(4 / 6)
    assert scores["pooled_dice"] == pytest.approx((1 / 2 + 1) / 2)
    assert scores["pooled_iou"] == pytest.approx((1 / 3 + 1) / 2)
    soft = ((2 * 1.0 + 1) / (2.3 + 2 + 1) + (2 * 0.6 + 1) / (0.6 + 1 + 1)) / 2
    assert scores["pooled_soft_dice"] == pytest.approx(soft)
    soft = ((1.0 + 1) / (2.3 + 2 - 1.0 + 1) + (0.6 + 1) / (0.6 + 1 - 0.6 + 1)) / 2
    assert scores["pooled_soft_iou"] == pytest.approx(soft)


@pytest.mark.parametrize("seed", range(5))
def test_one_batch_is_one_big_image(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probability, reference = rng.random((3, 7, 5)), rng.random((3, 7, 5)) < 0.4
    scores = pooled_scores([(probability, reference)], NAMES)
    masks = LabelMasks(probability > 0.5, reference)
    assert scores["pooled_dice"] == pytest.approx(dice(masks))
    assert scores["pooled_iou"] == pytest.approx(iou(masks))
    assert scores["pooled_pixel_accuracy"] == pytest.approx(pixel_accuracy(masks))


def test_soft_iou_follows_from_soft_dice() -> None:
    rng = np.random.default_rng(7)
    batch = (0.4 * rng.random((4, 60, 60)), rng.random((4, 60, 60)) < 0.3)
    scores = pooled_scores([batch], ["pooled_soft_dice", "pooled_soft_iou", "pooled_iou"])
    dice = scores["pooled_soft_dice"]
    assert scores["pooled_soft_iou"] == pytest.approx(dice / (2 - dice), abs=1 / batch[1].sum())
    assert abs(scores["pooled_soft_iou"] - scores["pooled_iou"]) > 0.01


def test_batches_weigh_alike_however_small_the_last_one() -> None:
    good = (np.ones((4, 2, 2)), np.ones((4, 2, 2), bool))
    bad = (np.zeros((1, 2, 2)), np.ones((1, 2, 2), bool))
    scores = pooled_scores([good, bad], ["pooled_dice", "pooled_pixel_accuracy"])
    assert scores == pytest.approx({"pooled_dice": 0.5, "pooled_pixel_accuracy": 16 / 20})


def test_empty_batches_score_as_in_the_published_code() -> None:
    empty = (np.zeros((1, 3, 3)), np.zeros((1, 3, 3), bool))
    assert pooled_scores([empty], NAMES) == pytest.approx(
        {
            "pooled_pixel_accuracy": 1, "pooled_dice": 0, "pooled_iou": 0,
            "pooled_soft_dice": 1, "pooled_soft_iou": 1,
        }
    )  # fmt: skip


def test_single_precision_sums_do_not_drift() -> None:
    probability = np.full((8, 512, 512), 0.1, np.float32)
    scores = pooled_scores([(probability, np.ones(probability.shape, bool))], ["pooled_soft_dice"])
    share = float(np.float32(0.1)) * probability.size
    expected = (2 * share + 1) / (share + probability.size + 1)
    assert scores["pooled_soft_dice"] == pytest.approx(expected, rel=1e-9)


def test_no_image_and_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="no test image"):
        pooled_scores([], NAMES)
    with pytest.raises(ValueError, match="shapes differ"):
        pooled_scores([(np.zeros((1, 2)), np.zeros((2, 1), bool))], NAMES)
