"""Hand-edited, truncated, foreign and doubled records: one line that names file and field."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.factories import board, board_folder, make_record

from benchmark.cards.card import fingerprint
from benchmark.errors import RecordError
from benchmark.records.case_table import case_table
from benchmark.records.cell import cell_key
from benchmark.records.fast_read import read_quickly
from benchmark.records.record import CaseScore, RunRecord
from benchmark.records.store import Store, read_record
from benchmark.records.validate import Conditions

Edit = Callable[[dict[str, Any]], object]
DICE = {"s1": 0.5, "s2": 0.6, "s3": 0.7}


def stored(folder: Path, edit: Edit, seed: int = 0) -> tuple[Store, Path]:
    store = Store(board_folder(folder))
    path = store.write(make_record(seed=seed, dice=DICE))
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))
    return store, path


def score(name: str, value: float, row: int = 1) -> Edit:
    return lambda data: data["cases"][row]["scores"].update({name: value})


EDITS: list[tuple[str, Edit]] = [
    (r"cases\.1\.scores\.dice: is 1\.5; expected 0 to 1", score("dice", 1.5)),
    (r"cases\.1\.scores\.dice: is -0\.1; expected 0 to 1", score("dice", -0.1)),
    (r"cases\.1\.scores\.dice: is nan: Input should be a finite", score("dice", math.nan)),
    (r"cases\.1\.scores\.dice: is inf: Input should be a finite", score("dice", math.inf)),
    (r"cases\.1\.scores: of dice, iou; expected dice", score("iou", 0.1)),
    (r"cases\.1\.scores: of nothing; expected dice", lambda d: d["cases"][1]["scores"].clear()),
    (
        r"unknown metric 'dise'. Did you mean 'dice'",
        lambda d: [row.update(scores={"dise": 0.5}) for row in d["cases"]],
    ),
    (r"main_metric: 'iou' has no scores; there are dice", lambda d: d.update(main_metric="iou")),
    (
        r"cases\.3: case 'c-s1' with label 'head' is there twice",
        lambda d: d["cases"].append(d["cases"][0]),
    ),
    (
        r"cases\.3\.subject: case 'c-s1' is of subject 's2', and of 's1' before",
        lambda d: d["cases"].append(d["cases"][0] | {"subject": "s2", "label": "neck"}),
    ),
    (
        r"cases: case 'c-s2' lacks label 'neck'; expected every label",
        lambda d: d["cases"].append(d["cases"][0] | {"label": "neck"}),
    ),
    (r"cases: holds none", lambda d: d.update(cases=[])),
    (
        r"key: is not that of cell and fingerprints",
        lambda d: d["fingerprints"].update(data="sha256:mine"),
    ),
    (r"key: is not that of cell", lambda d: d.update(key="sha256:0")),
    (r"frozen_tensors_unchanged: false", lambda d: d.update(frozen_tensors_unchanged=False)),
    (r"schema_version: is 2; this version of segtransfer reads 1", lambda d: d.update(
        schema_version=2, added="by a later version")),
    (r"trust: is not a field of a record", lambda d: d.update(trust="re-run")),
    (r"started: is missing", lambda d: d.pop("started")),
    (r"cost\.fine_tuning_seconds: is -1\.0", lambda d: d["cost"].update(fine_tuning_seconds=-1.0)),
    (r"cost\.total_parameters: is 1000000", lambda d: d["cost"].update(total_parameters=10**30)),
    (r"strategy 'full' is not the board's", lambda d: d["fingerprints"].update(strategy="x")),
    (r"path and content must agree", lambda d: d["cell"].update(board="other_v1")),
    (r"path and content must agree", lambda d: d["cell"].update(target="../../evil\n")),
]  # fmt: skip


@pytest.mark.parametrize(("message", "edit"), EDITS)
def test_an_edited_record_is_refused_in_one_line(tmp_path: Path, message: str, edit: Edit) -> None:
    store, path = stored(tmp_path, edit)
    with pytest.raises(RecordError, match=message) as error:
        list(store.records())
    text = str(error.value)
    assert str(path) in text and "\n" not in text and len(text) < 400
    with pytest.raises(RecordError) as quickly:
        store.load(str(path.relative_to(tmp_path / "records")), Conditions.of(store.board()))
    assert str(quickly.value) == text


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"\0" * 100, b"[" * 100_000,
     b'{"schema_version": 1}', b"<html></html>"],
)  # fmt: skip
def test_what_is_no_record_is_one_line(tmp_path: Path, content: bytes) -> None:
    store, path = stored(tmp_path, lambda data: None)
    path.write_bytes(content)
    with pytest.raises(RecordError) as error:
        list(store.records())
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def rewrite(record: RunRecord, **cell: object) -> RunRecord:
    """Another cell, with the key that belongs to it."""
    other = record.cell.model_copy(update=cell)
    return record.model_copy(update={"cell": other, "key": cell_key(other, record.fingerprints)})


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ({"seed": 7}, r"cell\.seed: 7 is not on this board, which has 0, 1"),
        ({"train_subjects": 5}, r"cell\.train_subjects: 5 is not on this board, which has 0"),
        ({"strategy": "mine"}, "strategy 'mine' is not the board's"),
    ],
)
def test_sizes_seeds_and_strategies_are_the_boards(
    tmp_path: Path, cell: dict[str, object], message: str
) -> None:
    store = Store(board_folder(tmp_path))
    store.write(rewrite(make_record(), **cell))
    with pytest.raises(RecordError, match=message):
        list(store.records())


def test_sources_and_targets_are_open(tmp_path: Path) -> None:
    store = Store(board_folder(tmp_path))
    store.write(rewrite(make_record(), source="mine", target="my_target"))
    assert len(list(store.records())) == 1


def test_the_first_bad_record_is_told_and_the_others_are_counted(tmp_path: Path) -> None:
    store, first = stored(tmp_path, score("dice", 2.0))
    stored(tmp_path, score("dice", 3.0), seed=1)
    store.write(make_record("good"))
    with pytest.raises(RecordError, match=r"is 2\.0.*\(1 more bad record in this folder\)$"):
        list(store.records())
    first.unlink()
    with pytest.raises(RecordError, match=r"is 3\.0; expected 0 to 1; [^(]*$"):
        list(store.records())


def test_a_copy_of_a_record_at_another_place_is_refused(tmp_path: Path) -> None:
    store, path = stored(tmp_path, lambda data: None)
    path.with_name("seed1.json").write_bytes(path.read_bytes())
    with pytest.raises(RecordError, match=r"seed1\.json: .*path and content must agree"):
        list(store.records())


def test_other_files_beside_records(tmp_path: Path) -> None:
    store, path = stored(tmp_path, lambda data: None)
    path.with_name("._seed0.json").write_bytes(b"left by an archive")
    path.with_name("notes.txt").write_bytes(b"mine")
    assert len(list(store.records())) == 1
    path.with_name("bad\nname.json").write_bytes(b"{")
    with pytest.raises(RecordError, match=r"bad\\nname\.json") as error:
        list(store.records())
    assert "\n" not in str(error.value)


def test_a_link_into_nothing_is_one_line(tmp_path: Path) -> None:
    store, path = stored(tmp_path, lambda data: None)
    path.unlink()
    path.symlink_to(tmp_path / "nothing")
    with pytest.raises(RecordError, match="cannot be read"):
        list(store.records())
    with pytest.raises(RecordError, match="cannot be read"):
        read_record(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="run as another user: root may read every folder")
def test_a_folder_that_may_not_be_read_is_one_line(tmp_path: Path) -> None:
    store, path = stored(tmp_path, lambda data: None)
    path.parent.chmod(0)
    with pytest.raises(RecordError, match="cannot be read"):
        list(store.records())
    path.parent.chmod(0o700)


def test_a_board_without_records_has_none(tmp_path: Path) -> None:
    assert list(Store(board_folder(tmp_path)).records()) == []


def test_the_key_is_the_fingerprint_of_cell_and_conditions() -> None:
    record = rewrite(make_record(), source='umlaut ü, quote " and \\ and \n', seed=12)
    data = {"cell": record.cell.model_dump(), "fingerprints": record.fingerprints.model_dump()}
    assert cell_key(record.cell, record.fingerprints) == fingerprint(data)


def test_rows_may_come_in_any_order() -> None:
    rows = [
        CaseScore(case=case, subject=subject, label=label, reference_empty=False,
                  prediction_empty=False, scores=scores)
        for case, subject, label, scores in [
            ("b", "s2", "x", {"dice": 0.1, "iou": 0.2}),
            ("a", "s1", "y", {"iou": 0.4, "dice": 0.3}),
            ("a", "s1", "x", {"dice": 0.5, "iou": 0.6}),
            ("b", "s2", "y", {"dice": 0.7, "iou": 0.8}),
            ("c", "s2", "x", {"dice": 0.9, "iou": 1.0}),
            ("c", "s2", "y", {"dice": 0.9, "iou": 1.0}),
        ]
    ]  # fmt: skip
    table = case_table(rows)
    assert table.layout.subjects == ("s1", "s2") and table.metrics == ("dice", "iou")
    assert table.by_subject()[:, 0] == pytest.approx([0.4, (0.4 + 0.9) / 2])
    assert table.by_subject()[:, 1] == pytest.approx([0.5, (0.5 + 1.0) / 2])


@pytest.mark.parametrize("guessed", [True, False])
def test_the_scores_of_a_quick_record_are_those_of_a_strict_one(guessed: bool) -> None:
    record = make_record(dice={"s2": 0.5, "s1": 0.0, "s3": 1.0}, empty=("s3",))
    metrics = tuple(record.cases[0].scores)[::-1] if guessed else ()
    quick = read_quickly(record.model_dump_json().encode(), metrics)
    assert quick is not None
    one, other = case_table(record.cases), case_table(quick.cases)
    order = [*map(other.metrics.index, one.metrics), -1]
    assert (one.by_subject() == other.by_subject()[:, order]).all()
    assert one.layout is other.layout and one.failures == other.failures == 1


def test_a_structure_found_elsewhere_only_has_failed() -> None:
    cases = [case.model_copy(update={"prediction_empty": False})
             for case in make_record(dice={"s1": 0.0, "s2": 0.5, "s3": 1.0}).cases]  # fmt: skip
    assert case_table(cases).failures == 1
    missed = cases[1].model_copy(update={"prediction_empty": True})
    assert case_table([cases[0], missed, cases[2]]).failures == 2


def test_the_demo_board_has_the_seeds_these_tests_rely_on() -> None:
    assert board().seeds == (0, 1) and board().train_subjects == (0,)


def test_a_pipe_in_the_place_of_a_record_is_not_waited_for(tmp_path: Path) -> None:
    store, path = stored(tmp_path, lambda data: None)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RecordError, match="is not a file"):
        list(store.records())


def test_a_folder_in_the_place_of_a_record_is_not_left_out(tmp_path: Path) -> None:
    store, path = stored(tmp_path, lambda data: None)
    path.unlink()
    path.mkdir()
    with pytest.raises(RecordError, match=f"{path.name}: is a folder; delete it"):
        list(store.records())
