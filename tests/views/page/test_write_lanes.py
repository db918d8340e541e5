"""The page of a board with several lanes: a table per lane, and a filter."""

import re
from pathlib import Path

from support.laned import lane_records, laned_board
from support.pages import Made

CARD = laned_board(("unet", "dpt"), train_subjects=(0,))
SCORES = {"scratch": (0.2, 0.3), "other": (0.3, 0.4)}
RECORDS = [record for lane in CARD.lanes for record in lane_records(CARD, lane, SCORES)]


def test_each_lane_has_tables_of_its_own(tmp_path: Path) -> None:
    page = Made(CARD, RECORDS).write(tmp_path)
    captions = re.findall(r"<caption>(.*?)</caption>", page)
    target = CARD.targets[0]
    for caption in (f"{target}, lane {lane}: all entries" for lane in CARD.lanes):
        assert captions.count(caption) == 1
    assert "All targets, lane dpt: mean ranks" in captions
    assert page.count('data-lane="dpt"') == page.count('data-lane="unet"') == 3
    assert '<select name="lane">' in page
    assert CARD.protocol_fingerprint("dpt") in page


def test_a_board_of_one_lane_has_no_filter_and_no_heading(tmp_path: Path) -> None:
    card = laned_board(("unet",), train_subjects=(0,))
    page = Made(card, lane_records(card, "unet", SCORES)).write(tmp_path)
    assert '<select name="lane">' not in page and "data-lane=" not in page
    assert ">Lane " not in page
