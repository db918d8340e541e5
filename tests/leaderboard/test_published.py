"""Published numbers: read strictly, held against records, told apart from ours, never ranked."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from support.factories import board, make_record

from benchmark.cards.board import Reproduction
from benchmark.errors import CardError
from benchmark.leaderboard.build import build_leaderboard
from benchmark.leaderboard.published import PublishedComparison, compare_published
from benchmark.leaderboard.published_numbers import PublishedNumber, read_published
from benchmark.records.record import RunRecord
from benchmark.views.figures.frame import Drawing, NotDrawn, svg_text
from benchmark.views.figures.published import published_plot
from benchmark.views.published import (
    reproduction_csv,
    reproduction_markdown,
    reproduction_notes,
    reproduction_tables,
)

HEAD = "target,source,strategy,train_subjects,metric,value,sd,runs,certainty,where\n"
ROW = "phantom_fetal_head_64,scratch,full,0,pooled_dice,0.9,0.02,4,exact from code,table 1\n"
TARGET = "phantom_fetal_head_64"


def write(folder: Path, text: str) -> Path:
    path = folder / "published.csv"
    path.write_text(text, encoding="utf-8")
    return path


def number(**changes: object) -> PublishedNumber:
    known = dict(zip(HEAD.strip().split(","), ROW.strip().split(","), strict=True))
    return PublishedNumber.model_validate(known | changes)


def record(seed: int = 0, real: bool = True, **changes: object) -> RunRecord:
    made = make_record(seed=seed, dice={"s1": 0.6, "s2": 0.8})
    marks = made.marks.model_copy(update={"synthetic": not real})
    return made.model_copy(update={"marks": marks, "pooled": {"pooled_dice": 0.88}} | changes)


def one(held: list[PublishedComparison]) -> PublishedComparison:
    (found,) = held
    return found


SAME = Reproduction(numbers="tiny_v2")


def test_a_row_is_read_and_a_blank_is_unknown(tmp_path: Path) -> None:
    first, second = read_published(write(tmp_path, HEAD + ROW + ROW.replace("0.02,4", ",")))
    assert (first.value, first.sd, first.runs) == (0.9, 0.02, 4)
    assert (second.sd, second.runs) == (None, None)
    assert read_published(write(tmp_path, HEAD)) == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("certainty", "certain", "columns are"),
        ("pooled_dice", "poold_dice", "line 2: metric: .*Did you mean 'pooled_dice'"),
        ("0.9", "nan", "line 2: value"),
        ("0.02", "-0.02", "line 2: sd"),
        ("exact from code", "surely", "line 2: certainty"),
        ("full,0", "full,-1", "line 2: train_subjects"),
        ("table 1\n", "table 1,more\n", "row 2: 11 values"),
    ],
)
def test_a_malformed_file_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in HEAD + ROW
    with pytest.raises(CardError, match=message) as error:
        read_published(write(tmp_path, (HEAD + ROW).replace(old, new, 1)))
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="no such file"):
        read_published(tmp_path / "published.csv")


def test_same_data_protocol_and_metric_is_a_rerun() -> None:
    runs = [record(seed, pooled={"pooled_dice": 0.8 + 0.02 * seed}) for seed in range(4)]
    held = one(compare_published(board(), SAME, [number()], runs, {}))
    assert (held.status, held.reasons) == ("rerun", ())
    assert held.ours is not None and held.ours.runs == 4
    assert held.ours.value == pytest.approx(0.83)
    assert held.ours.sd == pytest.approx(0.02 * (5 / 3) ** 0.5)


def test_everything_that_differs_is_said() -> None:
    some = record(real=False, pooled=None)
    marks = some.marks.model_copy(update={"subset": True, "unranked": ("trial: 2 of 60 steps",)})
    how = Reproduction(
        numbers="tiny_v2", targets={TARGET: "head"}, sources={"scratch": "none"}, sizes={0: 79},
        differs=("a small network",),
    )  # fmt: skip
    there = number(target="head", source="none", train_subjects="79")
    held = one(
        compare_published(board(), how, [there], [some.model_copy(update={"marks": marks})], {})
    )
    assert held.status == "illustrated"
    assert held.reasons == (
        f"{TARGET} for head",
        "scratch for none",
        "all training subjects for 79",
        "mean over test subjects, not pooled over batches",
        "synthetic",
        "subset",
        "trial: 2 of 60 steps",
        "1 of 4 runs",
        "a small network",
    )
    assert held.ours is not None and held.ours.value == pytest.approx(0.7)


def test_a_soft_iou_is_computed_from_the_soft_dice_of_older_records() -> None:
    there = number(metric="pooled_soft_iou", runs="1")
    old = record(pooled={"pooled_soft_dice": 0.8, "pooled_iou": 0.5})
    held = one(compare_published(board(), SAME, [there], [old], {}))
    assert (held.status, held.reasons) == ("approximated", ("D / (2 - D) of the mean soft Dice",))
    assert held.ours is not None and held.ours.value == pytest.approx(0.8 / 1.2)
    new = record(pooled={"pooled_soft_dice": 0.8, "pooled_soft_iou": 0.66})
    held = one(compare_published(board(), SAME, [there], [new], {}))
    assert held.status == "rerun" and held.ours is not None and held.ours.value == 0.66


def test_a_number_of_another_cell_or_metric_is_not_ours() -> None:
    for other in (
        number(strategy="decoder"),
        number(train_subjects="5"),
        number(source="x"),
        number(metric="hd95_mm"),
    ):
        held = one(compare_published(board(), SAME, [other], [record()], {}))
        assert (held.status, held.ours) == ("not run", None)


def test_what_cannot_run_says_why() -> None:
    why = {TARGET: "its data are not here", "unrelated": "no"}
    held = one(compare_published(board(), SAME, [number()], [], why))
    assert (held.status, held.reasons) == ("not run", ("its data are not here",))
    held = one(compare_published(board(), SAME, [number()], [], {}))
    assert held.reasons == ("no record of board tiny_v2 with pooled_dice",)
    absent = number(strategy="decoder_7")
    held = one(compare_published(board(), SAME, [absent], [record()], {}))
    assert held.reasons == ("board tiny_v2 has no such cell",)
    private = SAME.model_copy(update={"private": "the images are not public"})
    held = one(compare_published(board(), private, [number()], [], why))
    assert (held.status, held.reasons) == ("impossible", ("the images are not public",))
    assert (
        one(compare_published(board(), private, [number(runs="1")], [record()], why)).status
        == "rerun"
    )


def test_each_target_that_stands_for_another_has_a_number_of_its_own() -> None:
    how = Reproduction(numbers="tiny_v2", targets=dict.fromkeys((TARGET, "b"), "head"))
    other = record()
    other = other.model_copy(update={"cell": other.cell.model_copy(update={"target": "b"})})
    held = compare_published(board(), how, [number(target="head")], [record(), other], {})
    assert sorted(one.ours.cell[0] for one in held if one.ours) == sorted([TARGET, "b"])


def test_text_says_all_of_it_and_breaks_nothing() -> None:
    odd = number(where="a | b, <i>c</i>")
    held = compare_published(board(), SAME, [odd, number(strategy="decoder")], [record()], {})
    (table,) = reproduction_tables(held)
    title, heads, rows = table.title, table.columns, table.rows
    assert title == f"{TARGET}: Dice, batches pooled" and len(heads) == len(rows[0]) == 7
    assert rows[0][3:] == ["0.9000 (0.0200)", "0.8800", "-0.0200", "approximated 1"]
    assert rows[1][4:] == ["-", "-", "not run 2"]
    notes = reproduction_notes(held)
    assert "1: 1 of 4 runs" in notes and "2: board tiny_v2 has no such cell" in notes
    text = reproduction_markdown(board(), held)
    assert "never enters a ranking" in text and text.count("| scratch |") == 2
    first, second = csv.DictReader(StringIO(reproduction_csv(held)))
    assert (first["ours"], first["status"], first["where"]) == (
        "0.880000",
        "approximated",
        odd.where,
    )
    assert (second["ours"], second["status"]) == ("", "not run")


def test_no_difference_is_computed_between_patients_and_phantoms() -> None:
    there = number(target="head", source="none")
    how = Reproduction(numbers="tiny_v2", targets={TARGET: "head"}, sources={"scratch": "none"})
    (table,) = reproduction_tables(
        compare_published(board(), how, [there], [record(real=False)], {})
    )
    assert table.columns == ["source", "strategy", "n", "published", "ours", "status", "ours is of"]
    assert table.rows[0][6] == f"{TARGET}, scratch" and table.rows[0][5].startswith("illustrated ")
    (real,) = reproduction_tables(compare_published(board(), how, [there], [record()], {}))
    assert "difference" in real.columns and "ours is of" not in real.columns


def test_what_is_not_exact_is_marked_so() -> None:
    odd = number(certainty="recomputed", sd="")
    held = compare_published(board(), SAME, [odd], [record()], {})
    (table,) = reproduction_tables(held)
    assert table.rows[0][3] == "0.9000 recomputed"
    drawn = published_plot("tiny_v2", held)
    assert isinstance(drawn, Drawing) and "recomputed" in svg_text(drawn.figure)


def test_a_board_without_a_published_number_says_so() -> None:
    assert "No number of this paper is known" in reproduction_markdown(board(), [])
    assert isinstance(published_plot("tiny_v2", []), NotDrawn)


def test_the_figure_has_both_numbers_and_says_synthetic() -> None:
    held = compare_published(board(), SAME, [number()], [record(real=False)], {})
    drawn = published_plot("tiny_v2", held)
    assert isinstance(drawn, Drawing) and "SYNTHETIC" in drawn.title
    drawn_text = svg_text(drawn.figure)
    assert "published" in drawn_text and "tiny_v2 (ours)" in drawn_text
    real = published_plot("tiny_v2", compare_published(board(), SAME, [number()], [record()], {}))
    assert isinstance(real, Drawing) and "SYNTHETIC" not in real.title


def test_a_pooled_score_changes_no_table() -> None:
    runs = [make_record(seed=seed, dice={"s1": 0.6, "s2": 0.8}) for seed in (0, 1)]
    pooled = [run.model_copy(update={"pooled": {"pooled_dice": 0.1}}) for run in runs]
    plain = build_leaderboard(board(), runs).rows
    assert plain.equals(build_leaderboard(board(), pooled).rows)
