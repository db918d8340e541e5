"""Files: replaced atomically."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.errors import RecordError
from benchmark.files import read_checked, replacing, sweep, write_checked, write_text
from benchmark.owners import HOST


def test_a_file_is_replaced_only_when_the_block_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old" and list(path.parent.iterdir()) == [path]
    with replacing(path, ".txt") as temporary:
        assert temporary.suffix == ".txt" and temporary.parent == path.parent
        temporary.write_text("new")
    assert path.read_text() == "new" and list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="file/a.txt: cannot be written"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        gone = process.pid
    old = time.time() - 2 * 86400
    left = tmp_path / f"a/.{HOST}~{gone}~x.part"
    tree = tmp_path / f".{HOST}~{gone}~prepared" / "images.npy"
    far = tmp_path / ".elsewhere~7~x.part"
    kept = [
        tmp_path / f".{HOST}~{os.getpid()}~x.part", tmp_path / ".elsewhere~7~y.part",
        tmp_path / "a/record.json", tmp_path / ".lock", tmp_path / f"{HOST}~{gone}~mine.json",
    ]  # fmt: skip
    for path in (left, tree, far, *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if path not in kept[1:2]:
            os.utime(path, (old, old))
    sweep(tmp_path, tmp_path / "missing")
    found = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert found == set(kept) and not tree.parent.exists()


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.ENOSPC, "make room"), (errno.EACCES, "permissions")]
)
def test_a_write_that_fails_says_what_to_do_and_leaves_nothing(
    number: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RecordError, match=remedy):
        write_text(tmp_path / "a.json", "{}")
    assert not list(tmp_path.iterdir())


def test_a_checked_file_is_read_as_written_or_not_at_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cache.bin"
    assert read_checked(path) is None and not caplog.messages
    for data in (b"", b"\x00content" * 50):
        write_checked(path, data)
        assert read_checked(path) == data
    whole = path.read_bytes()
    flipped = [whole[:k] + bytes([whole[k] ^ 1]) + whole[k + 1 :] for k in range(len(whole))]
    for damaged in (b"", whole[:-1], whole + b" ", bytes(len(whole)), *flipped):
        path.write_bytes(damaged)
        caplog.clear()
        assert read_checked(path) is None
        assert caplog.messages == [f"{path}: damaged, it is made again"]
