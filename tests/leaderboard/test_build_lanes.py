"""Boards with several lanes: ranks, gains and groups of one lane do not depend on another."""

import json
from io import BytesIO, StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from support.factories import shipped_registry
from support.laned import Scores, lane_records, laned_board

from benchmark.cards.lanes import Lane
from benchmark.errors import RecordError
from benchmark.leaderboard.build import build_leaderboard
from benchmark.leaderboard.compare import compare
from benchmark.leaderboard.entry_name import EntryName, find_entries
from benchmark.leaderboard.folder import read_folder
from benchmark.leaderboard.index import LaneSize, Setting
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.records.validate import OTHER_PROTOCOL
from benchmark.submission.standing import placements
from benchmark.views.csv import to_csv
from benchmark.views.figures.catalogue import board_figures
from benchmark.views.figures.frame import NotDrawn
from benchmark.views.footnotes import LINEAR
from benchmark.views.json import to_json
from benchmark.views.json_schema import BoardFile
from benchmark.views.markdown import to_markdown
from benchmark.views.parquet import to_parquet
from benchmark.views.terminal import print_leaderboard

CARD = laned_board(("unet", "dpt", "linear"), train_subjects=(0,))
A = CARD.targets[0]
# The best of lane unet is worse than the worst of lane dpt.
UNET = {"scratch": (0.2, 0.3, 0.4), "resnet": (0.3, 0.4, 0.5)}
DPT = {"scratch": (0.7, 0.8, 0.6), "vit": (0.8, 0.9, 0.7), "clip": (0.75, 0.85, 0.65)}
LINEAR_PROBES = {"resnet": (0.1, 0.2, 0.1), "vit": (0.5, 0.6, 0.5)}
LANES: dict[Lane, Scores] = {"unet": UNET, "dpt": DPT, "linear": LINEAR_PROBES}
RECORDS = [record for lane, scores in LANES.items() for record in lane_records(CARD, lane, scores)]
FOUND = build_leaderboard(CARD, RECORDS)


def in_lane(table: pd.DataFrame, lane: Lane) -> str:
    return table[table["lane"] == lane].to_csv(index=False)


def test_every_lane_is_ranked_as_if_it_were_alone() -> None:
    for lane, scores in LANES.items():
        alone = build_leaderboard(CARD, lane_records(CARD, lane, scores))
        assert in_lane(FOUND.rows, lane) == alone.rows.to_csv(index=False)
        assert in_lane(FOUND.overall, lane) == alone.overall.to_csv(index=False)
        assert FOUND.stability[LaneSize(lane, 0)] == alone.stability[LaneSize(lane, 0)]
    settings = [Setting(target, lane, 0) for target in CARD.targets for lane in LANES]
    assert list(FOUND.scores) == settings
    entries = {(own.target, own.lane): own.entries for own in FOUND.agreement}
    assert entries[A, "dpt"] == 3 and entries[None, "unet"] == 2


def test_ranks_and_baselines_are_those_of_the_lane() -> None:
    rows = FOUND.rows[FOUND.rows["target"] == A].set_index(["lane", "source"])
    assert rows["rank"].to_dict() == {
        ("unet", "resnet"): 1, ("unet", "scratch"): 2,
        ("dpt", "vit"): 1, ("dpt", "clip"): 2, ("dpt", "scratch"): 3,
        ("linear", "vit"): 1, ("linear", "resnet"): 2,
    }  # fmt: skip
    assert rows["gain"].dropna().to_dict() == {
        ("unet", "resnet"): pytest.approx(0.1),  # the scratch of another lane is no baseline
        ("dpt", "vit"): pytest.approx(0.1), ("dpt", "clip"): pytest.approx(0.05),
    }  # fmt: skip


def test_text_has_a_table_per_lane_and_a_note_on_lane_linear() -> None:
    text = to_markdown(FOUND)
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    for lane in LANES:
        assert f"## {A}, lane {lane} (synthetic), 3 test subjects" in text
        assert any(head.startswith(f"## All targets, lane {lane}") for head in heads)
    assert LINEAR in text
    console = Console(width=200, file=StringIO(), record=True)
    print_leaderboard(FOUND, console)
    assert "lane dpt" in console.export_text()


def test_boards_of_one_lane_do_not_name_it() -> None:
    one = laned_board(("dpt",))
    found = build_leaderboard(one, lane_records(one, "dpt", DPT))
    assert "lane" not in to_markdown(found).replace("plane", "")
    titles = [figure.title for figure in board_figures(found) if not isinstance(figure, NotDrawn)]
    assert titles and not any("lane" in title for title in titles)


def test_files_for_programs_have_the_lane_of_each_row(tmp_path: Path) -> None:
    table = pd.read_csv(StringIO(to_csv(FOUND)))
    assert table.groupby("lane").size().to_dict() == {"unet": 4, "dpt": 6, "linear": 4}
    frame = pd.read_parquet(BytesIO(to_parquet(FOUND)))
    assert frame["lane"].tolist() == table["lane"].tolist()
    file = BoardFile.model_validate_json(to_json(FOUND), strict=True)
    assert [row.lane for row in file.rows] == table["lane"].tolist()
    assert {row.lane for row in file.overall} == set(LANES)
    assert set(json.loads(to_json(FOUND))["stability"]) == {"0", "dpt/0", "linear/0"}


def test_figures_are_of_one_lane_each() -> None:
    figures = list(board_figures(FOUND))
    names = [figure.name for figure in figures]
    assert len(names) == len(set(names))
    assert {f"spread_{A}_nall", f"spread_{A}_dpt_nall", "gain_nall", "gain_dpt_nall"} <= set(names)
    titles = {f.name: f.title for f in figures if not isinstance(f, NotDrawn)}
    assert "lane dpt, all training subjects" in titles["gain_dpt_nall"]
    assert "lane unet, all training subjects" in titles["gain_nall"]


@pytest.mark.parametrize(
    ("first", "second", "lanes"),
    [
        ("vit/dpt", "scratch", ("dpt", "dpt")),  # the second follows
        ("vit/linear", "resnet", ("linear", "linear")),
        ("vit/linear/linear/nall", "resnet/linear", ("linear", "linear")),
        ("vit/full/dpt/nall", "scratch/full/nall", ("dpt", "unet")),  # as they are shown
        ("scratch/unet", "scratch/dpt", ("unet", "dpt")),
    ],
)
def test_entries_are_typed_with_their_lane(
    first: str, second: str, lanes: tuple[Lane, Lane]
) -> None:
    found = find_entries(first, second, RECORDS)
    assert tuple(entry.lane for entry in found) == lanes
    assert find_entries(str(found[0]), str(found[1]), RECORDS) == found


def test_entries_that_could_be_of_several_lanes_are_refused() -> None:
    with pytest.raises(RecordError, match=r"could be scratch/full/dpt/nall, scratch/full/nall"):
        find_entries("scratch", "scratch/full/nall", RECORDS + lane_records(CARD, "linear", DPT))
    with pytest.raises(RecordError, match="strategy or lane of vit 'unet'"):
        find_entries("vit/unet", "scratch", RECORDS)


def test_a_comparison_of_two_lanes_says_so() -> None:
    one = EntryName("scratch", "full", "dpt", 0)
    across = compare(CARD, one, EntryName("scratch", "full", "unet", 0), RECORDS, A)[0]
    assert across.subjects.value == pytest.approx(0.4)
    assert any("lanes differ" in note for note in across.notes)
    within = compare(CARD, EntryName("vit", "full", "dpt", 0), one, RECORDS, A)[0]
    assert within.notes == () and within.subjects.value == pytest.approx(0.1)


def test_missing_cells_are_of_lanes_that_a_source_can_enter() -> None:
    card = laned_board(("unet", "dpt"), sources=("scratch", "imagenet_resnet18_torchvision"))
    found = build_leaderboard(card, [], sources=shipped_registry().sources)
    entries = {path.split("/")[1] + "/" + path.split("/")[2] for path in found.missing}
    assert entries == {"scratch/full", "scratch/full.dpt", "imagenet_resnet18_torchvision/full"}
    without_card = build_leaderboard(CARD, lane_records(CARD, "dpt", {"new": (0.1, 0.2)})[1:])
    (path,) = (path for path in without_card.missing if "/new/" in path)
    assert path == f"{A}/new/full.dpt/nall/seed0.json"


def test_placements_of_a_submission_are_in_its_lane() -> None:
    rows = {own.entry: own for own in placements(FOUND, "vit") if own.target == A}
    assert set(rows) == {"full, lane dpt, all subjects", "linear, lane linear, all subjects"}
    assert rows["full, lane dpt, all subjects"].rank.endswith("of 3")


def test_a_lane_that_the_board_lacks_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one = laned_board(("unet",))
    (tmp_path / "board.yaml").write_text(json.dumps(one.model_dump(mode="json")))
    store.write(lane_records(CARD, "dpt", DPT)[0])
    with pytest.raises(RecordError, match=r"cell\.lane: 'dpt' is not on this board, which has une"):
        list(store.records())


def of_another_protocol(record: RunRecord) -> RunRecord:
    prints = record.fingerprints.model_copy(update={"protocol": "sha256:earlier"})
    return record.model_copy(update={"fingerprints": prints})


def test_records_of_another_protocol_are_shown_but_not_ranked() -> None:
    old = [
        of_another_protocol(record) for record in lane_records(CARD, "unet", {"old": (1.0,) * 3})
    ]
    found = build_leaderboard(CARD, RECORDS + old)
    rows = found.rows[found.rows["source"] == "old"]
    assert rows["rank"].isna().all() and rows["score"].tolist() == [1.0, 1.0]
    assert set(rows["why_unranked"]) == {OTHER_PROTOCOL}
    assert f"UNRANKED: {OTHER_PROTOCOL}" in to_markdown(found)
    others = found.rows[found.rows["source"] != "old"].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, FOUND.rows, check_dtype=False)
    assert f"{A}/old/full/nall/seed0.json" in found.missing


def test_records_of_two_protocols_are_not_averaged() -> None:
    old, *new = lane_records(CARD, "unet", {"both": (0.5, 0.6, 0.7)})
    prints = of_another_protocol(old).fingerprints.model_copy(update={"target": "sha256:earlier"})
    old = old.model_copy(update={"fingerprints": prints})
    rows = build_leaderboard(CARD, [*RECORDS, old, *new]).rows
    rows = rows[(rows["source"] == "both") & (rows["target"] == A)]
    assert rows["seeds"].tolist() == ["1"] and rows["why_unranked"].tolist() == ["lacks seed 0"]


def test_a_trial_has_its_own_reason_only() -> None:
    trial = [
        of_another_protocol(record).model_copy(
            update={"marks": record.marks.model_copy(update={"unranked": ("trial: 1 of 2 steps",)})}
        )
        for record in lane_records(CARD, "unet", {"new": (0.5,) * 3})
    ]
    rows = build_leaderboard(CARD, RECORDS + trial).rows
    assert set(rows.loc[rows["source"] == "new", "why_unranked"]) == {"trial: 1 of 2 steps"}


def test_a_folder_with_records_of_an_earlier_protocol_is_readable(tmp_path: Path) -> None:
    new = laned_board(("unet",), train_subjects=(0,))
    earlier = new.protocol.model_copy(update={"weight_decay": 0.5})
    before = new.model_copy(update={"protocol": earlier})
    store = Store(tmp_path)
    (tmp_path / "board.yaml").write_text(json.dumps(new.model_dump(mode="json")))
    for record in lane_records(before, "unet", {"old": (0.9, 0.8)}):
        store.write(record)
    for record in lane_records(new, "unet", {"scratch": (0.2, 0.3)}):
        store.write(record)
    tables = read_folder(store)
    rows = tables.full.rows
    old = rows["source"] == "old"
    assert set(rows.loc[old, "why_unranked"]) == {OTHER_PROTOCOL}
    assert (rows.loc[~old, "rank"] == 1).all() and rows.loc[old, "rank"].isna().all()
    assert set(tables.records.texts["unranked"].values) == {"", OTHER_PROTOCOL}
    marks = {r.cell.source: r.marks.unranked for _, r in store.records()}
    assert marks == {"old": (OTHER_PROTOCOL,), "scratch": ()}
