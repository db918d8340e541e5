"""Group a in a comparison of two entries: that of the leaderboard, where both stand."""

from support.simulated import simulated_board, simulated_records

from benchmark.leaderboard.build import build_leaderboard
from benchmark.leaderboard.entry_name import EntryName
from benchmark.leaderboard.group_a import group_a

TARGET = "fetal_head_hc18"
BOARD = simulated_board(
    ("scratch", "natural_restoration", "t1_brain_segmentation"), (TARGET,), sizes=(8, 0)
)
RECORDS = simulated_records(BOARD)


def entry(source: str, size: int = 0) -> EntryName:
    return EntryName(source, "full", "unet", size)


def test_it_is_that_of_the_table_in_which_both_stand() -> None:
    rows = build_leaderboard(BOARD, RECORDS).rows
    for size in BOARD.train_subjects:
        own = rows[(rows["train_subjects"] == size) & rows["group"].notna()]
        names = entry("scratch", size), entry("t1_brain_segmentation", size)
        found = group_a(BOARD, TARGET, names, RECORDS)
        assert found and [name.source for name in found] == [*own["source"]]
        assert entry("scratch", size) not in found


def test_there_is_none_where_they_do_not_stand_together() -> None:
    first, second = entry("scratch", 8), entry("natural_restoration")
    assert group_a(BOARD, TARGET, (first, second), RECORDS) is None
    lacks_a_seed = [
        record for record in RECORDS
        if (record.cell.source, record.cell.seed) != ("natural_restoration", 1)
    ]  # fmt: skip
    assert group_a(BOARD, TARGET, (entry("scratch"), second), lacks_a_seed) is None
    prints = RECORDS[0].fingerprints.model_copy(update={"data": "sha256:other"})
    mixed = [RECORDS[0].model_copy(update={"fingerprints": prints}), *RECORDS[1:]]
    assert group_a(BOARD, TARGET, (entry("scratch"), second), mixed) is None
