"""Marks below and in the tables of text."""

from dataclasses import replace

from support.factories import board, make_record

from benchmark.leaderboard.build import build_leaderboard
from benchmark.leaderboard.compare import compare
from benchmark.leaderboard.entry_name import EntryName
from benchmark.leaderboard.index import LaneSize
from benchmark.records.record import RunRecord
from benchmark.views.csv import to_csv
from benchmark.views.footnotes import footer
from benchmark.views.markdown import to_markdown

DICE = {"s1": 0.6, "s2": 0.7, "s3": 0.8}
NOTE = "nobody outside can tell whether the source saw the target's data"


def records(unchecked: tuple[str, ...]) -> list[RunRecord]:
    """Two seeds of `web`, with a mark on its data, and of scratch."""
    made = []
    for seed in (0, 1):
        record = make_record("web", seed=seed, dice=DICE)
        marks = record.marks.model_copy(update={"unchecked": unchecked})
        made += [record.model_copy(update={"marks": marks}), make_record(seed=seed, dice=DICE)]
    return made


def test_data_that_cannot_be_checked_are_marked_and_stay_in_the_clean_ranking() -> None:
    for clean in (False, True):
        table = build_leaderboard(board(), records(("lvd1689m",)), clean=clean)
        rows = table.rows.set_index("source")
        assert rows["marks"].to_dict() == {
            "web": "synthetic, unchecked data",
            "scratch": "synthetic",
        }
        assert rows["rank"].notna().all() and not table.contaminated
        assert NOTE in footer(table) and "web (unchecked data)" in to_markdown(table)
        assert "unchecked data" in to_csv(table)


def test_without_such_data_nothing_is_said() -> None:
    table = build_leaderboard(board(), records(()))
    assert NOTE not in footer(table) and "unchecked" not in to_csv(table)
    assert NOTE not in footer(build_leaderboard(board(), []))


def test_a_comparison_names_the_data() -> None:
    pair = (EntryName("web", "full", "unet", 0), EntryName("scratch", "full", "unet", 0))
    (comparison,) = compare(board(), *pair, records(("lvd1689m", "sa_1b")))
    assert "web/full/nall: unchecked data (lvd1689m; sa_1b)" in comparison.notes


def test_labels_without_training_images_are_marked_and_explained() -> None:
    """The score is honest, but nobody could have learned the label."""
    made = make_record("few", dice=DICE)
    marks = made.marks.model_copy(update={"unseen_labels": ("head in training",)})
    few = made.model_copy(update={"marks": marks})
    table = build_leaderboard(board(), [few, make_record(dice=DICE)])
    assert "few (unseen labels)" in to_markdown(table)
    assert "no image that the network was trained on" in footer(table)
    pair = (EntryName("few", "full", "unet", 0), EntryName("scratch", "full", "unet", 0))
    (comparison,) = compare(board(), *pair, [few, make_record(dice=DICE)])
    assert "few/full/nall: unseen labels (head in training)" in comparison.notes
    plain = build_leaderboard(board(), [make_record(dice=DICE)])
    assert "Unseen labels" not in footer(plain)
    assert "unseen_labels" not in make_record().model_dump_json()


def test_a_board_of_one_target_has_no_table_over_all_targets() -> None:
    one = board().model_copy(update={"targets": board().targets[:1]})
    several = build_leaderboard(board(), records(()))
    alone = build_leaderboard(one, records(()))
    assert len(board().targets) > 1 and len(alone.overall)
    for table, shown in ((several, True), (alone, False)):
        assert ("All targets" in to_markdown(table)) == shown
        steady = replace(table, stability={LaneSize("unet", 8): 0.5})
        assert ("resamples: 0.50 with 8 training subjects." in footer(steady)) == shown
