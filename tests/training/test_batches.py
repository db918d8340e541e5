"""Batches: every slice in turn, a share with foreground, and the subjects of a training set."""

import itertools

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.prepared_arrays import PreparedCase, PreparedDataset
from benchmark.training.batches import TrainingSet, batch_rows, has_foreground


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(2, 12), st.floats(0, 1), st.integers(0, 5))
def test_every_batch_holds_its_share_of_foreground(
    count: int, size: int, share: float, seed: int
) -> None:
    foreground = np.zeros(count, bool)
    foreground[0] = True
    batches = batch_rows(
        foreground, batch_size=size, foreground_share=share,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    for batch in itertools.islice(batches, 5):
        assert len(batch) == size
        assert foreground[batch].sum() >= np.ceil(size * share) or share == 0


def test_every_slice_is_drawn_once_before_any_twice() -> None:
    batches = batch_rows(
        np.zeros(12, bool), batch_size=4, foreground_share=0.5,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    drawn = np.concatenate(list(itertools.islice(batches, 3)))
    assert sorted(drawn.tolist()) == list(range(12))


def test_an_ignored_pixel_is_not_foreground() -> None:
    masks = torch.zeros((3, 4, 4), dtype=torch.uint8)
    masks[1, 0, 0], masks[2, 0, 0] = 255, 2
    assert has_foreground(masks).tolist() == [False, False, True]


def test_subjects_are_those_of_the_training_cases() -> None:
    cases = tuple(PreparedCase(str(k), f"s{k // 2}", k, 1, (4, 4), (4, 4)) for k in range(6))
    prepared = PreparedDataset(
        np.zeros((6, 1, 4, 4), np.float16), np.zeros((6, 4, 4), np.uint8), cases
    )
    assert TrainingSet(prepared, ["5", "0", "1"], ["2"]).subjects == ("s0", "s2")
