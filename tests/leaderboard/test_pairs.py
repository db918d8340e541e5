"""Pairs of entries: the numbers of `compare`, and of the gains where B is the baseline."""

import pytest
from support.pages import TARGETS, made

from benchmark.cards.content import shipped_content
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.compare import compare_entries
from benchmark.leaderboard.folder import read_leaderboard
from benchmark.leaderboard.pairs import entry_pairs
from benchmark.records.store import Store

STORE = Store(shipped_content() / "leaderboards/quickstart_v2")


@pytest.fixture(scope="module")
def shipped() -> Leaderboard:
    return read_leaderboard(STORE)


def test_a_pair_is_what_compare_says(shipped: Leaderboard) -> None:
    pairs, left_out = entry_pairs(shipped, entries=99, pairs=9999)
    assert len(pairs) == 4 * 3 and not left_out
    for _, row in pairs[pairs["target"] == "phantom_lung_ribs"].iterrows():
        first, second = (str(row[f"{side}_source"]) for side in ("first", "second"))
        (one,) = compare_entries(STORE, first, second, target="phantom_lung_ribs")
        found = row[["difference", "difference_low", "difference_high", "not_better", "detectable"]]
        expected = [one.subjects.value, one.subjects.low, one.subjects.high, one.not_better,
                    one.detectable]  # fmt: skip
        assert found.astype(float).tolist() == pytest.approx(expected, abs=1e-9)


def test_a_pair_with_the_baseline_is_the_gain(shipped: Leaderboard) -> None:
    pairs, _ = entry_pairs(shipped, entries=99, pairs=9999)
    mine = pairs[pairs["second_source"] == "scratch"]
    both = mine.merge(shipped.rows, left_on=["target", "first_source"],
                      right_on=["target", "source"])  # fmt: skip
    assert len(both) > 4
    for ours, theirs in (("difference", "gain"), ("difference_low", "gain_low"),
                         ("not_better", "p_not_better")):  # fmt: skip
        assert both[ours].tolist() == pytest.approx(both[theirs].astype(float).tolist(), abs=1e-9)


def test_the_better_ranked_stands_first_and_the_most_subjects_too() -> None:
    pairs, _ = entry_pairs(made().full, entries=99, pairs=9999)
    assert (pairs["difference"] >= 0).all() and (pairs["not_better"] <= 0.5).all()
    assert pairs["train_subjects"].tolist() == [0] * 56 + [5] * 56  # 0 stands for all


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
