"""Average, backward transfer and forgetting, by hand and against their formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.boards import mean_interval

from benchmark.statistics.forgetting import (
    SequenceScores,
    Terms,
    average,
    backward_transfer,
    difference,
    estimate,
    forgetting,
    joint_average,
    single_device_average,
)

DEVICES = ("a", "b", "c")


def trained(
    matrix: list[list[float]] | np.ndarray, stages: str = "a b c", higher: bool = True
) -> SequenceScores:
    """R (stages, devices) of one seed and two subjects, whose scores differ by 0.2."""
    values = np.asarray(matrix, float)
    apart = np.array([-0.1, 0.1])
    scores = {d: (values[:, [k]] + apart)[None] for k, d in enumerate(DEVICES)}
    return SequenceScores(tuple(tuple(stage) for stage in stages.split()), (0,), scores, higher)


def value(terms: Terms) -> float:
    found = estimate(terms)
    assert found is not None
    return found.value


R = [[0.8, 0.5, 0.4], [0.6, 0.9, 0.3], [0.7, 0.6, 0.8]]


def test_a_matrix_worked_out_by_hand() -> None:
    one = trained(R)
    assert np.allclose(one.matrix, R)
    assert value(average(one)) == pytest.approx(0.7)
    assert value(backward_transfer(one)) == pytest.approx(((0.7 - 0.8) + (0.6 - 0.9)) / 2)
    assert value(forgetting(one)) == pytest.approx(((0.8 - 0.7) + (0.9 - 0.6)) / 2)


def test_the_best_may_be_before_a_device_was_learned() -> None:
    one = trained([[0.8, 0.9, 0], [0.8, 0.5, 0], [0.8, 0.4, 0.8]])
    assert value(forgetting(one)) == pytest.approx((0 + 0.5) / 2)
    assert value(backward_transfer(one)) == pytest.approx((0 - 0.1) / 2)


def test_the_order_is_the_stages_not_the_devices() -> None:
    one = trained(R, "c b a")  # c is learned first, a last
    assert value(backward_transfer(one)) == pytest.approx(((0.8 - 0.4) + (0.6 - 0.9)) / 2)


def test_devices_learned_together_are_one_stage() -> None:
    one = trained([[0.8, 0.6, 0.1], [0.7, 0.7, 0.9]], "ab c")
    assert one.learned_before == {"a": 0, "b": 0}
    assert value(backward_transfer(one)) == pytest.approx((-0.1 + 0.1) / 2)


def test_one_stage_has_nothing_to_forget() -> None:
    one = trained([[0.7, 0.8, 0.9]], "abc")
    assert estimate(backward_transfer(one)) is None and estimate(forgetting(one)) is None
    assert value(joint_average([one])) == pytest.approx(0.8)


def test_references_need_every_device() -> None:
    runs = [trained([[0.9 - 0.1 * k, 0.1, 0.2]], d) for k, d in enumerate(DEVICES)]
    assert value(single_device_average(runs)) == pytest.approx((0.9 + 0.1 + 0.2) / 3)
    assert (
        single_device_average(runs[:2]) == {}
        and joint_average(runs) == {}
        and joint_average([trained(R)]) == {}
    )
    assert single_device_average([]) == {}
    assert estimate(difference(average(runs[0]), {})) is None


def test_a_difference_is_paired() -> None:
    """Subjects are equally hard for both, so that their difference is certain."""
    found = estimate(difference(average(trained(R)), average(trained(np.array(R) - 0.1))))
    assert found is not None
    assert (found.low, found.value, found.high) == pytest.approx((0.1, 0.1, 0.1))


UNIT = st.floats(0, 1, allow_nan=False, width=32)


@given(arrays(float, (2, 3, 3, 4), elements=UNIT), st.permutations(DEVICES))
def test_the_formulas_for_any_scores_and_order(scores: np.ndarray, order: list[str]) -> None:
    """Seeds x stages x devices x subjects, against the definitions with loops."""
    given_ = {d: scores[:, :, k] for k, d in enumerate(DEVICES)}
    one = SequenceScores(tuple((d,) for d in order), (0, 1), given_)
    mean = {(i, d): scores[:, i, k].mean() for i in range(3) for k, d in enumerate(DEVICES)}
    earlier = list(enumerate(order))[:-1]
    back = sum(mean[2, d] - mean[i, d] for i, d in earlier) / 2
    lost = sum(max(mean[i, d] for i in range(2)) - mean[2, d] for _, d in earlier) / 2
    assert value(average(one)) == pytest.approx(np.mean([mean[2, d] for d in DEVICES]), abs=1e-9)
    assert value(backward_transfer(one)) == pytest.approx(back, abs=1e-9)
    assert value(forgetting(one)) == pytest.approx(lost, abs=1e-9)
    assert lost >= -back - 1e-12  # the best of the past is no worse than what was just learned


@given(arrays(float, (1, 3, 3, 4), elements=UNIT))
def test_an_error_is_a_score_with_its_sign_turned(scores: np.ndarray) -> None:
    stages = tuple((d,) for d in DEVICES)
    dice = SequenceScores(stages, (0,), {d: scores[:, :, k] for k, d in enumerate(DEVICES)})
    error = SequenceScores(stages, (0,), {d: 1 - s for d, s in dice.scores.items()}, False)
    for measure in (backward_transfer, forgetting):
        assert value(measure(error)) == pytest.approx(value(measure(dice)), abs=1e-9)


def test_one_device_has_the_interval_of_its_scores() -> None:
    scores = np.random.default_rng(0).random((3, 9))
    found = estimate({"a": scores})
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx(mean_interval(scores))
    assert found.covers == "subjects and seeds"


def test_an_easier_device_does_not_widen_the_interval() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random((2, 6)), rng.random((2, 9))
    widths = [
        found.high - found.low
        for shift in (0, 5)
        if (found := estimate({"a": a, "b": b + shift})) and found.low is not None
        and found.high is not None
    ]  # fmt: skip
    assert widths[0] == pytest.approx(widths[1])


def test_the_interval_covers_the_mean_of_new_subjects_and_seeds() -> None:
    """Three devices with unlike spread and number of subjects; 95 % within what 300 draws tell."""
    rng, hits = np.random.default_rng(2), 0
    for _ in range(300):
        noise = rng.normal(0, 0.02, (3, 1))  # a seed moves all devices of its network
        terms = {
            d: (0.2 + noise + rng.normal(0, spread, n) + rng.normal(0, 0.02, (3, n))) / 3
            for d, n, spread in (("a", 8, 0.1), ("b", 15, 0.05), ("c", 30, 0.2))
        }
        found = estimate(terms)
        assert found is not None and found.low is not None and found.high is not None
        hits += found.low <= 0.2 <= found.high
    assert 0.91 <= hits / 300 <= 0.99


def test_one_subject_gives_no_interval() -> None:
    found = estimate({"a": np.full((2, 1), 0.4), "b": np.full((2, 3), 0.5)})
    assert found is not None and (found.low, found.high) == (None, None)
    assert found.value == pytest.approx(0.9)
