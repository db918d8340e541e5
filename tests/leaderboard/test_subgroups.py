"""Groups of test subjects of a leaderboard, and their tables."""

import numpy as np
import pytest
from support.factories import shipped_registry
from support.simulated import simulated_board, simulated_records

from benchmark.leaderboard.build import Leaderboard, build_leaderboard
from benchmark.leaderboard.index import Setting
from benchmark.leaderboard.subgroups import registered_groups, subgroups
from benchmark.views.subgroups import subgroup_tables

TARGET = "fetal_head_hc18"
SIZES = {f"p{k:02}": "below 1 ml" if k < 6 else "1 to 9 ml" if k < 20 else "10 ml or more"
         for k in range(23)}  # fmt: skip


@pytest.fixture(scope="module")
def leaderboard() -> Leaderboard:
    board = simulated_board(("scratch", "t1_brain_segmentation"), (TARGET,), sizes=(8, 0))
    return build_leaderboard(board, simulated_records(board))


def test_every_part_is_compared_with_the_others_and_unknown_subjects_are_left_out(
    leaderboard: Leaderboard,
) -> None:
    found = list(subgroups(leaderboard, {TARGET: {"size": SIZES}}))
    entries = leaderboard.scores[Setting(TARGET, "unet", found[0].train_subjects)].entries
    parts = [("below 1 ml", 6, 17, 1), ("1 to 9 ml", 14, 9, 1), ("10 ml or more", 3, 20, 1)]
    assert [
        (own.part, own.subjects, own.rest, own.unknown, (own.source, own.strategy))
        for own in found[:6]
    ] == [(*part, entry) for part in parts for entry in entries]
    assert len(found) == 2 * 6 and found[6].train_subjects != found[0].train_subjects
    scores = leaderboard.scores[Setting(TARGET, "unet", found[0].train_subjects)]
    for row, own in zip(scores.values.mean(axis=1), found[:2], strict=True):
        assert own.mean.value == pytest.approx(row[:6].mean())
        assert own.difference.value == pytest.approx(row[:6].mean() - row[6:23].mean())
        assert own.difference.low is not None and np.isfinite(own.difference.low)


def test_a_part_of_all_subjects_is_no_comparison(leaderboard: Leaderboard) -> None:
    same = dict.fromkeys(SIZES, "F")
    assert list(subgroups(leaderboard, {TARGET: {"sex": same}})) == []
    assert list(subgroups(leaderboard, {"another": {"size": SIZES}})) == []


def test_the_table_marks_small_parts(leaderboard: Leaderboard) -> None:
    groups = {"sex": {"p00": "F", "p01": "M", "p02": "F"}, "size": SIZES}
    sex, size = subgroup_tables([*subgroups(leaderboard, {TARGET: groups})])
    assert sex.title == f"{TARGET} by sex; 21 subjects in no part"
    assert [row[4] for row in size.rows[:3]] == ["6 (few)", "14 (few)", "3 (few)"]
    assert [row[:4] for row in size.rows[:4]] == [
        ["scratch", "full", "all", "below 1 ml"],
        ["scratch", "full", "all", "1 to 9 ml"],
        ["scratch", "full", "all", "10 ml or more"],
        ["t1_brain_segmentation", "full", "all", "below 1 ml"],
    ]
    assert sex.rows[1][6].startswith(("+", "-")) and "[" not in sex.rows[1][6]  # one subject


def test_targets_have_the_groups_of_their_data_set() -> None:
    found = registered_groups(shipped_registry())
    assert set(found["fetal_head"]) == {"head_circumference", "pixel_size"}
    assert found["ms_baghdad_t1_folds"] == found["ms_baghdad_flair_folds"] != {}
    assert found["phantom_fetal_head"] == {}
