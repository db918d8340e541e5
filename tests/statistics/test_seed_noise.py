"""Noise between seeds: what is shared cancels, and one run that did not learn widens no other row.

By hand, 2 entries x 2 seeds:  1 2      differences -2 and -4, variance 2
                               3 6
"""

from collections.abc import Hashable

import numpy as np
import pytest
from support.boards import scores

from benchmark.statistics import seed_noise
from benchmark.statistics.candidates import candidates_for_best
from benchmark.statistics.gains import target_gains
from benchmark.statistics.rank_intervals import rank_entries
from benchmark.statistics.seed_noise import outlying_entries, pooled_seed_ms

SUBJECTS = 10
BASE: dict[Hashable, Hashable] = dict.fromkeys("abcdefgh", "a")


def board(
    entries: int, seeds: int, failed: tuple[tuple[int, int], ...] = (), seed: int = 0
) -> np.ndarray:
    """Scores (entries, seeds, subjects); of the failed runs (entry, seed) they are 0.02."""
    rng = np.random.default_rng(seed)
    values = 0.7 + 0.1 * rng.normal(size=SUBJECTS) + 0.01 * rng.normal(size=(entries, seeds, 1))
    values = values + 0.03 * rng.normal(size=(entries, 1, SUBJECTS))
    for entry, run in failed:
        values[entry, run] = 0.02
    return np.asarray(values)


def test_mean_squares_by_hand() -> None:
    hand = np.repeat(np.array([[1.0, 2], [3, 6]])[:, :, None], 5, axis=2)
    one, difference = pooled_seed_ms(hand), pooled_seed_ms(hand, np.array([0]), np.array([1]))
    assert one is not None and difference is not None
    assert difference.mean_square == pytest.approx(5 * 2) and difference.df.tolist() == [1]
    assert one.mean_square == pytest.approx([5, 5])  # half of it
    assert pooled_seed_ms(hand[:1]) is None and pooled_seed_ms(hand[:, :1]) is None


def test_seed_effects_shared_by_all_entries_cancel() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(1, 4, 1)) + rng.normal(size=(3, 1, SUBJECTS))
    noise = pooled_seed_ms(shared)
    assert noise is not None and noise.df.tolist() == [6] * 3
    assert noise.mean_square == pytest.approx(0, abs=1e-20)
    own = pooled_seed_ms(rng.normal(size=(200, 4, 1)) + np.zeros(SUBJECTS))
    assert own is not None and own.mean_square == pytest.approx(SUBJECTS, rel=0.15)


@pytest.mark.parametrize(("entries", "seeds"), [(3, 2), (4, 3), (5, 5)])
def test_the_level_is_kept_where_noise_is_normal(
    entries: int, seeds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 5 %, which shows in few boards; with one step the correction is nearly exact."""
    monkeypatch.setattr(seed_noise, "OUTLIER_LEVEL", 0.05)
    means = np.random.default_rng(1).normal(size=(2000, entries, seeds))
    found = np.mean([outlying_entries(one).any() for one in means])
    assert 0.035 < found < 0.065


@pytest.mark.parametrize(
    ("entries", "seeds", "failed"),
    [
        (4, 3, ((2, 1),)),
        (12, 2, ((2, 1),)),
        (12, 3, ((2, 1), (5, 1), (6, 1), (7, 1))),  # several do not hide each other
        (12, 3, ((2, 0), (5, 1), (6, 2))),
    ],
)
def test_runs_that_did_not_learn_leave_the_noise_of_others_as_without_them(
    entries: int, seeds: int, failed: tuple[tuple[int, int], ...]
) -> None:
    values = board(entries, seeds, failed)
    bad = {entry for entry, _ in failed}
    assert set(np.flatnonzero(outlying_entries(values.mean(axis=2)))) == bad
    found, rest = pooled_seed_ms(values), pooled_seed_ms(np.delete(values, [*bad], axis=0))
    assert found is not None and rest is not None
    assert found.mean_square == pytest.approx(rest.mean_square[0])
    assert found.df.tolist() == [seeds - 1 if k in bad else rest.df[0] for k in range(entries)]
    pair = pooled_seed_ms(values, np.array([0, 0]), np.array([1, 2]))
    assert pair is not None and pair.df.tolist() == [rest.df[0], seeds - 1]


def test_half_of_the_entries_are_no_outliers() -> None:
    values = board(4, 3, ((1, 1), (2, 1)))
    assert not outlying_entries(values.mean(axis=2)).any()


def test_gains_candidates_and_ranks_of_others_are_as_without_that_entry() -> None:
    means = np.array([0.0, 0.05, 0.0, 0.06, -0.1, 0.0])[:, None, None]
    values = board(6, 3, ((5, 1),)) + means
    whole, rest = scores(values), scores(values[:5])
    gains, expected = target_gains(whole, BASE), target_gains(rest, BASE)
    for entry in "bcde":
        assert gains[entry] == expected[entry]
    wide = gains["f"].gain
    assert wide is not None and wide.low is not None and wide.high is not None
    assert wide.low < -0.7 and wide.high > 0.1
    among = candidates_for_best([whole]).among
    assert among[:5].tolist() == candidates_for_best([rest]).among.tolist() and among[5]
    ranks = {own.entry: own for own in rank_entries([whole]).entries}
    assert ranks["d"].high is not None and ranks["e"].low is not None
    assert ranks["d"].high <= 3 and ranks["e"].low >= 5 and ranks["f"].low == 1


def test_identical_entries_have_no_noise_and_no_outlier() -> None:
    values = np.repeat(board(1, 3), 4, axis=0)
    noise = pooled_seed_ms(values)
    assert noise is not None and noise.mean_square.tolist() == [0.0] * 4
    assert not outlying_entries(values.mean(axis=2)).any()
