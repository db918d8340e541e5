"""Pairs of entries: the numbers of `compare`, and of the gains where B is the baseline."""

import pytest
from support.pages import TARGETS, made

from benchmark.cards.content import shipped_content
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.compare import compare_entries
from benchmark.leaderboard.folder import read_leaderboard
from benchmark.leaderboard.pairs import entry_pairs
from benchmark.records.store import Store

STORE = Store(shipped_content() / "leaderboards/real_v2")


@pytest.fixture(scope="module")
def real() -> Leaderboard:
    return read_leaderboard(STORE)


def test_a_pair_is_what_compare_says(real: Leaderboard) -> None:
    pairs, left_out = entry_pairs(real, entries=99, pairs=9999)
    assert len(pairs) == 4 * 15 and not left_out
    fetal = pairs[(pairs["target"] == "fetal_head") & (pairs["train_subjects"] == 16)]
    assert fetal["subjects"].tolist() == [35] * 15
    for number in (0, 7, 14):
        row = fetal.iloc[number]
        first, second = (f"{row[f'{side}_source']}/full/n16" for side in ("first", "second"))
        (one,) = compare_entries(STORE, first, second, target="fetal_head")
        found = row[["difference", "difference_low", "difference_high", "not_better", "detectable"]]
        expected = [one.subjects.value, one.subjects.low, one.subjects.high, one.not_better,
                    one.detectable]  # fmt: skip
        assert found.astype(float).tolist() == pytest.approx(expected, abs=1e-9)


def test_a_pair_with_the_baseline_is_the_gain(real: Leaderboard) -> None:
    pairs, _ = entry_pairs(real, entries=99, pairs=9999)
    keys = ["target", "train_subjects"]
    mine = pairs[(pairs["second_source"] == "scratch")
                 & (pairs["first_source"] == "imagenet_mobilenet_v2")]  # fmt: skip
    gains = real.rows[real.rows["source"] == "imagenet_mobilenet_v2"]
    both = mine.merge(gains, on=keys)
    assert len(both) == 4
    for ours, theirs in (("difference", "gain"), ("difference_low", "gain_low"),
                         ("not_better", "p_not_better")):  # fmt: skip
        assert both[ours].tolist() == pytest.approx(both[theirs].astype(float).tolist(), abs=1e-9)


def test_the_better_ranked_stands_first_and_the_most_subjects_too(real: Leaderboard) -> None:
    pairs, _ = entry_pairs(real, entries=99, pairs=9999)
    assert (pairs["difference"] >= 0).all() and (pairs["not_better"] <= 0.5).all()
    assert pairs["train_subjects"].tolist() == [16] * 30 + [4] * 30


def test_a_large_board_shows_its_best_entries_and_the_baseline() -> None:
    board = made().full
    pairs, left_out = entry_pairs(board, entries=2, pairs=9999)
    first = pairs[(pairs["target"] == TARGETS[0]) & (pairs["train_subjects"] == 0)]
    assert left_out and len(first) == 6  # of two entries, and the baseline with both strategies
    assert {"scratch"} < {*first["first_source"], *first["second_source"]}
    marked = first[(first["first_source"] == "leak") | (first["second_source"] == "leak")]
    assert len(marked) and all("contaminated" in marks for marks in marked["marks"])
    few, left_out = entry_pairs(board, entries=99, pairs=60)
    assert left_out and set(few["train_subjects"]) == {0} and len(few) == 2 * 28
    assert entry_pairs(made(subjects=1).full, entries=9, pairs=99)[0].empty
