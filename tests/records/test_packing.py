"""Packed records: the same bytes, read by everything that reads files, replaced as a whole."""

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from support.factories import board_folder, make_record, shipped_registry, workspace_at

from benchmark.errors import RecordError
from benchmark.leaderboard.folder import read_leaderboard
from benchmark.planning.measured_time import timings
from benchmark.records.packing import pack_records, unpack_records
from benchmark.records.record_pack import KINDS, PACK, RecordPack, write_pack
from benchmark.records.sequence_record import SequenceStore
from benchmark.records.store import Store
from benchmark.records.trust import Trust, trust_levels, write_trust

TARGETS = ("phantom_fetal_head_64", "phantom_brain_anatomy_64")


def store_at(folder: Path, seeds: int = 2) -> Store:
    store, rng = Store(board_folder(folder)), np.random.default_rng(0)
    for target in TARGETS:
        for source in ("scratch", "a"):
            for seed in range(seeds):
                dice = {f"s{k}": round(float(rng.random()), 6) for k in range(6)}
                store.write(make_record(source, target, seed, dice))
    return store


def files(folder: Path) -> dict[str, bytes]:
    paths = [path for kind in KINDS for path in (folder / kind).rglob("*.json")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("name", ["real_v2", "phantom_sequence_v2"])
def test_unpacking_gives_the_same_bytes_back(name: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shipped_registry().folders[name], tmp_path / name))
    before = files(folder)
    packed = pack_records(folder)
    assert packed.records == len(before) and not files(folder)
    assert packed.file_bytes == sum(map(len, before.values()))
    assert packed.pack_bytes < packed.file_bytes / 2
    assert unpack_records(folder, folder) == len(before)
    assert files(folder) == before and not (folder / PACK).exists()


def test_packed_records_are_read_like_files(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    record = make_record()
    names, records = store.files(), list(store.records())
    rows, times = read_leaderboard(store).rows, timings(tmp_path)
    pack_records(tmp_path)
    assert store.files() == names and list(store.records()) == records
    assert timings(tmp_path) == times
    assert read_leaderboard(store, cache=tmp_path / "cache").rows.equals(rows)
    assert read_leaderboard(store, cache=tmp_path / "cache").rows.equals(rows)
    assert store.has(record.cell, store.read(record.cell).key)
    assert not store.has(make_record(seed=9).cell, record.key)


def test_a_run_goes_on_in_a_packed_folder(tmp_path: Path) -> None:
    """New records are files, and come before packed ones of the same name; then all are packed."""
    store = store_at(tmp_path)
    pack_records(tmp_path)
    new, again = (
        make_record(source, seed=0, dice={f"s{k}": 0.25 for k in range(6)})
        for source in ("new", "scratch")
    )
    read_leaderboard(store, cache=tmp_path / "cache")
    for record in (new, again):
        store.write(record)
    assert len(store.files()) == 9
    assert store.read(new.cell) == new and store.read(again.cell) == again
    assert read_leaderboard(store, cache=tmp_path / "cache").rows.equals(
        read_leaderboard(store).rows
    )
    assert pack_records(tmp_path).records == 9 and not (tmp_path / "records").exists()
    assert store.read(again.cell) == again


def test_trust_follows_a_record_into_the_pack(tmp_path: Path) -> None:
    from benchmark.files import sha256_of

    name = store_at(tmp_path).files()[0]
    sha256 = sha256_of(tmp_path / "records" / name)
    write_trust(tmp_path, {name: Trust(sha256=sha256, level="re-run", by="x", date="2026-01-01")})
    pack_records(tmp_path)
    assert trust_levels(tmp_path) == {name: "re-run"}


def test_a_page_of_a_packed_board_has_no_dead_links(tmp_path: Path) -> None:
    from benchmark.views.board import write_board_page

    workspace = workspace_at(tmp_path / "home")
    (tmp_path / "board").mkdir()
    store, page = store_at(tmp_path / "board"), tmp_path / "page.html"
    write_board_page(store, page, workspace)
    assert "seed0.json" in page.read_text() and 'href="board/records' in page.read_text()
    pack_records(store.folder)
    write_board_page(store, page, workspace)
    assert "seed0.json" in page.read_text() and 'href="board/records' not in page.read_text()


def test_a_failed_write_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_at(tmp_path)
    before = files(tmp_path)
    monkeypatch.setattr(RecordPack, "read", lambda self, name: b"")
    with pytest.raises(RecordError, match="is not what was written"):
        pack_records(tmp_path)
    monkeypatch.undo()
    assert files(tmp_path) == before and sorted(p.name for p in tmp_path.iterdir()) == [
        "board.yaml", "records",
    ]  # fmt: skip
    assert len(store.files()) == 8


def test_a_file_that_changes_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_at(tmp_path)
    newer = make_record(seed=0, dice={"s1": 0.125})

    def written(*arguments: object) -> Path:
        path = write_pack(*arguments)  # type: ignore[arg-type]
        store.write(newer)
        return path

    monkeypatch.setattr("benchmark.records.packing.write_pack", written)
    pack_records(tmp_path)
    assert store.read(newer.cell) == newer and [*files(tmp_path)] == [f"records/{newer.cell.path}"]


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "text":
        path.write_bytes(b"no database, but text of the same length as a page" * 200)
    elif how == "short":
        path.write_bytes(content[: len(content) // 2])
    else:
        with sqlite3.connect(path) as database:
            database.execute(how)
        database.close()


@pytest.mark.parametrize(
    "how",
    [
        "text", "short", "PRAGMA user_version = 2", "DELETE FROM dictionary", "DROP TABLE record",
        "UPDATE record SET content = x'789c00'", "UPDATE record SET content = 3",
        "UPDATE record SET name = 'records/../../x.json' WHERE rowid = 1",
        "UPDATE record SET name = 'records//etc/x.json' WHERE rowid = 1",
        "UPDATE record SET content = (SELECT content FROM record WHERE rowid = 2) WHERE rowid = 3",
    ],
)  # fmt: skip
def test_a_damaged_pack_is_one_line(how: str, tmp_path: Path) -> None:
    store = store_at(tmp_path)
    pack_records(tmp_path)
    damage(tmp_path / PACK, how)
    with pytest.raises(RecordError, match=PACK) as raised:
        list(store.records())
    assert "\n" not in str(raised.value)


def test_an_empty_folder_cannot_be_packed(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="has no records"):
        pack_records(board_folder(tmp_path))
    assert SequenceStore(tmp_path).files() == []
