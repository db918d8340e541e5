"""Reading a folder: what is known is not read again, and nothing stale or foreign is believed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.factories import board, board_folder, make_record

from benchmark.errors import RecordError
from benchmark.leaderboard.build import Leaderboard, build_from_columns, build_leaderboard
from benchmark.leaderboard.bulk import read_records as reading
from benchmark.leaderboard.bulk.array_files import CODE
from benchmark.leaderboard.bulk.read_records import read_columns
from benchmark.leaderboard.bulk.record_columns import RecordColumns, columns_of_records
from benchmark.leaderboard.bulk.records_cache import load_columns, save_columns
from benchmark.leaderboard.bulk.setting_statistics import (
    SettingTask,
    SizeTask,
    setting_statistics,
    statistics_of,
)
from benchmark.leaderboard.bulk.statistics_cache import StatisticsCache
from benchmark.leaderboard.columns import STATE
from benchmark.leaderboard.folder import read_leaderboard
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.records.validate import Conditions
from benchmark.workers import Workers

ALONE = Workers(1)
TARGETS = ("phantom_fetal_head_64", "phantom_stroke_lesion_64")


def records(seeds: tuple[int, ...] = (0, 1)) -> list[RunRecord]:
    rng = np.random.default_rng(0)
    subjects = [f"s{k}" for k in range(6)]
    return [
        make_record(
            source, target, seed, dict(zip(subjects, rng.random(6).round(6).tolist(), strict=True))
        )
        for target in TARGETS
        for source in ("a", "b", "scratch")
        for seed in seeds
    ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    folder = tmp_path / "board"
    folder.mkdir()
    made = Store(board_folder(folder))
    for record in records():
        made.write(record)
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the records that were read."""
    names: list[str] = []
    load = Store.load

    def listened(self: Store, name: str, *how: object) -> object:
        names.append(name)
        return load(self, name, *how)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "load", listened)
    return names


def same(one: Leaderboard, other: Leaderboard) -> bool:
    pd.testing.assert_frame_equal(one.rows, other.rows)
    pd.testing.assert_frame_equal(one.overall, other.overall)
    return (one.notes, one.missing, one.stability) == (other.notes, other.missing, other.stability)


def assert_equal(one: RecordColumns, other: RecordColumns) -> None:
    """Of the same content, apart from the state of files."""
    for name, column in one.texts.items():
        assert column.tolist() == other.texts[name].tolist(), name
    for name, values in one.numbers.items():
        if name not in STATE:
            np.testing.assert_array_equal(values, other.numbers[name])
    np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_array_equal(one.lengths, other.lengths)


def test_a_folder_and_its_records_give_the_same_table(store: Store, tmp_path: Path) -> None:
    direct = build_leaderboard(board(), (record for _, record in store.records()))
    assert same(read_leaderboard(store), direct)
    for _ in range(2):
        assert same(read_leaderboard(store, cache=tmp_path / "cache"), direct)
    clean = read_leaderboard(store, clean=True, cache=tmp_path / "cache")
    assert clean.clean and len(clean.rows) == len(direct.rows)


def test_only_what_is_new_is_read(store: Store, tmp_path: Path, read: list[str]) -> None:
    cache = tmp_path / "cache"
    assert len(read_columns(store, ALONE, cache)) == len(read) == 12
    read.clear()
    assert len(read_columns(store, ALONE, cache)) == 12 and read == []
    store.write(make_record("new", TARGETS[0], dice={"s1": 0.5}))
    changed = store.write(make_record("a", TARGETS[0], dice={"s1": 0.25}))
    gone = store.path(make_record("b", TARGETS[1]).cell)
    gone.unlink()
    found = read_columns(store, ALONE, cache)
    names = [f"{TARGETS[0]}/{source}/full/nall/seed0.json" for source in ("a", "new")]
    assert read == names and len(found) == 12
    paths = found.texts["path"].tolist()
    assert paths == sorted(paths)
    row = paths.index(names[0])
    assert found.scores_of_each()[row].tolist() == [0.25]
    assert found.texts["subject_names"].tolist()[row] == '["s1"]'
    conditions = Conditions.of(store.board())
    assert_equal(found, columns_of_records((r for _, r in store.records()), conditions))
    state = changed.stat()
    text = changed.read_text()
    changed.write_text(text.replace('"dice": 0.25', '"dice": 0.75'))
    os.utime(changed, ns=(state.st_atime_ns, state.st_mtime_ns))  # same size, same time
    again = read_columns(store, ALONE, cache)
    assert again.scores_of_each()[row].tolist() == [0.75]


def test_another_card_or_folder_starts_anew(store: Store, tmp_path: Path, read: list[str]) -> None:
    cache = tmp_path / "cache"
    read_columns(store, ALONE, cache)
    read.clear()
    copy = tmp_path / "copy"
    os.rename(store.folder, copy)
    assert len(read_columns(Store(copy), ALONE, cache)) == len(read) == 12
    card = copy / "board.yaml"
    card.write_text(card.read_text().replace("seeds: [0, 1]", "seeds: [0]"))
    with pytest.raises(RecordError, match=r"seed: 1 is not on this board.* \(5 more bad"):
        read_columns(Store(copy), ALONE, cache)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\x03\x04 no archive"),
        lambda path: path.write_bytes(path.read_bytes()[:-200]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"lengths", b"lenghts")),
        lambda path: path.write_bytes(b"\x93NUMPY\x01\x00 no array"),
        lambda path: np.savez(path, content=np.frombuffer(b"{", dtype=np.uint8)),
        lambda path: np.savez(path, content=np.array([{"evil": 1}], dtype=object)),
    ],
)
def test_a_damaged_cache_is_made_anew(
    store: Store, tmp_path: Path, read: list[str], spoil: Callable[[Path], object]
) -> None:
    cache = tmp_path / "cache"
    whole = read_leaderboard(store, cache=cache)
    for path in cache.rglob("*.npz"):
        spoil(path)
    read.clear()
    assert same(read_leaderboard(store, cache=cache), whole) and len(read) == 12
    read.clear()
    assert same(read_leaderboard(store, cache=cache), whole) and read == []


def test_cells_that_do_not_fit_together_are_not_believed(store: Store, tmp_path: Path) -> None:
    cells = read_columns(store, ALONE)
    path = tmp_path / "known.npz"
    save_columns(path, cells, "these")
    assert load_columns(path, "these") is not None
    assert load_columns(path, "others") is None
    save_columns(path, replace(cells, lengths=cells.lengths[:-1]), "these")
    assert load_columns(path, "these") is None
    cells.texts["source"].codes[0] = 99
    save_columns(path, cells, "these")
    assert load_columns(path, "these") is None


def test_a_cache_that_cannot_be_written_is_done_without(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert len(read_leaderboard(store, cache=tmp_path / "file" / "cache").rows) == 6


def test_a_bad_record_is_refused_each_time(store: Store, tmp_path: Path) -> None:
    path = store.path(make_record("a", TARGETS[0]).cell)
    data = json.loads(path.read_text())
    data["cases"][0]["scores"]["dice"] = 7
    path.write_text(json.dumps(data))
    for _ in range(2):
        with pytest.raises(RecordError, match=r"cases\.0\.scores\.dice: is 7"):
            read_leaderboard(store, cache=tmp_path / "cache")


def test_several_processes_give_the_same(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MANY", 2)
    monkeypatch.setattr(reading, "CHUNK", 5)
    with Workers(2) as workers:
        cells = read_columns(store, workers)
        found = build_from_columns(store.board(), cells, workers=workers)
    assert same(found, read_leaderboard(store))


def test_statistics_are_remembered_and_forgotten(store: Store, tmp_path: Path) -> None:
    cells = read_columns(store, ALONE)
    cache = StatisticsCache(tmp_path)
    first = build_from_columns(board(), cells, cache=cache)
    assert len(list(tmp_path.rglob("SettingTask/*.npz"))) == 2
    assert len(list(tmp_path.rglob("SizeTask/*.npz"))) == 1
    assert same(build_from_columns(board(), cells, cache=cache), first)
    calls: list[object] = []

    def place(task: object) -> object:
        calls.append(task)
        return setting_statistics(task)  # type: ignore[arg-type]

    cells.scores[: cells.lengths[0]] /= 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmark.leaderboard.bulk.setting_statistics.setting_statistics", place)
        other = build_from_columns(board(), cells, cache=cache)
    assert len(calls) == 1
    assert same(other, build_from_columns(board(), cells))


def test_statistics_that_share_their_draws_are_those_of_each_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = (3, 5, 8, 13)
    card = board().model_copy(update={"train_subjects": sizes})
    made = [
        record.model_copy(update={"cell": record.cell.model_copy(update={"train_subjects": size})})
        for size in sizes
        for record in records()
    ]
    bundles = list[int]()
    cells = columns_of_records(made[:-1], Conditions.of(card))  # the last entry is not complete

    def counted(tasks: Sequence[SettingTask | SizeTask]) -> object:
        bundles.append(len(tasks))
        return statistics_of(tasks)

    monkeypatch.setattr("benchmark.leaderboard.board_statistics.statistics_of", counted)
    together = build_from_columns(card, cells, workers=Workers(1), cache=StatisticsCache(tmp_path))
    assert bundles == [len(TARGETS) + 1] * len(sizes)
    assert same(build_from_columns(card, cells, workers=Workers(2)), together)
    assert bundles[len(sizes) :] == [1] * (len(TARGETS) + 1) * len(sizes)
    forgotten = next(tmp_path.rglob("SettingTask/*.npz"))
    forgotten.unlink()
    assert same(
        build_from_columns(card, cells, workers=Workers(1), cache=StatisticsCache(tmp_path)),
        together,
    )
    assert bundles[-1] == 1 and forgotten.is_file()


def test_the_code_that_numbers_depend_on_is_listed() -> None:
    """Otherwise a cache would outlive a change of the code that made it."""
    program = (
        "import sys, benchmark.leaderboard.bulk.read_records\n"
        "import benchmark.leaderboard.bulk.setting_statistics\n"
        "print(*[m for m, x in sys.modules.items() if m.startswith('benchmark.')"
        " and not x.__file__.endswith('__init__.py')])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    names = [name.removeprefix("benchmark.") for name in found.stdout.split()]
    parts = {name.removesuffix(".py") for name in CODE}
    assert names and all(name.split(".")[0] in parts for name in names)


def test_the_row_of_a_record() -> None:
    record = make_record(dice={"s2": 0.5, "s1": 0.0}, empty=("s1",))
    columns = columns_of_records([record], Conditions.of(board()))
    assert columns.scores.tolist() == [0.0, 0.5]
    assert columns.texts["subject_names"].values == ('["s1", "s2"]',)
    row = {name: values[0] for name, values in columns.numbers.items()}
    assert row["failures"] == 1 and row["scored"] == 2 and row["empty_prediction"] == 0.5
    assert np.isnan(row["energy_joules"])
