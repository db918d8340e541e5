"""Gains by hand.

Subjects          s1   s2   s3
scratch          0.4  0.5  0.6     sd 0.1
good             0.6  0.7  0.8     gain +0.2, two standard deviations
"""

from collections.abc import Hashable

import numpy as np
import pytest
from support.boards import scores

from benchmark.statistics.gains import baseline_sd, mean_standardised_gains, target_gains
from benchmark.statistics.scores import TargetScores

HAND = np.array([[[0.4, 0.5, 0.6]], [[0.6, 0.7, 0.8]]])
BASE: dict[Hashable, Hashable] = {"a": "a", "b": "a"}


def test_gain_by_hand() -> None:
    found = target_gains(scores(HAND), BASE)
    assert list(found) == ["b"]
    gain, units = found["b"].gain, found["b"].standardised
    assert gain is not None and units is not None and found["b"].note == ""
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.2, 0.2, 0.2))
    assert (units.value, units.low, units.high) == pytest.approx((2, 2, 2))
    assert gain.covers == "subjects only (one seed)"
    assert baseline_sd(scores(HAND), "a") == pytest.approx(0.1)


def test_a_lower_distance_is_a_gain() -> None:
    gain = target_gains(scores(HAND, higher_is_better=False), BASE)["b"].gain
    assert gain is not None and gain.value == pytest.approx(-0.2)


def test_mean_over_targets_by_hand() -> None:
    wide = scores(HAND * 2 - np.array([0.0, 0.4])[:, None, None])  # no gain there
    found = mean_standardised_gains([scores(HAND), wide], BASE)["b"].standardised
    assert found is not None and found.value == pytest.approx(1)
    assert (found.low, found.high) == pytest.approx((1, 1))


def test_mean_over_targets_is_more_certain_than_one() -> None:
    rng = np.random.default_rng(0)
    boards = [scores(rng.normal(0.5, 0.1, (2, 3, 20))) for _ in range(4)]
    one = mean_standardised_gains(boards[:1], BASE)["b"].standardised
    four = mean_standardised_gains(boards, BASE)["b"].standardised
    assert one and four and one.low is not None and one.high is not None
    assert four.low is not None and four.high is not None
    assert 0.1 < (four.high - four.low) / (one.high - one.low) < 0.65


def test_what_is_missing_is_said() -> None:
    flat = scores(np.array([[[0.5, 0.5]], [[0.6, 0.7]]]))
    assert "does not vary" in target_gains(flat, BASE)["b"].note
    assert target_gains(flat, BASE)["b"].gain is not None
    left = TargetScores(
        "x", ("b",), (0,), ("s",), np.zeros((1, 1, 1)), left_out={"a": "lacks seed 1"}
    )
    assert target_gains(left, BASE)["b"].note == "the baseline lacks seed 1"
    assert target_gains(left, {"c": "b"})["c"].note == "the entry has no scores"
    overall = mean_standardised_gains([scores(HAND), flat, left], BASE)["b"]
    assert overall.standardised is None
    assert overall.note == "t: the baseline does not vary; x: the baseline lacks seed 1"


def test_one_subject_has_a_gain_without_interval_or_unit() -> None:
    found = target_gains(scores(HAND[:, :, :1]), BASE)["b"]
    assert found.gain is not None and found.gain.value == pytest.approx(0.2)
    assert found.gain.low is None and found.standardised is None
