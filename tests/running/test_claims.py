"""Claims: one process at a time has a cell; those of processes that ended are void."""

import errno
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

import benchmark.running.claims as claims
from benchmark.owners import HOST
from benchmark.running.claims import FOLDER, LEASE_S, claimed

NAME = "records/t/s/full/nall/seed0.json"


def file_of(folder: Path) -> Path:
    (found,) = [path for path in (folder / FOLDER).iterdir() if not path.name.startswith(".")]
    return found


def test_a_cell_is_claimed_once_and_released(tmp_path: Path) -> None:
    with claimed(tmp_path, NAME) as ours:
        assert ours
        stated = json.loads(file_of(tmp_path).read_text())
        assert (stated["host"], stated["process"]) == (HOST, os.getpid())
        with claimed(tmp_path, NAME) as again, claimed(tmp_path, NAME + "x") as other:
            assert not again and other
        assert file_of(tmp_path)  # what was not ours was not released
    with pytest.raises(ZeroDivisionError), claimed(tmp_path, NAME) as ours:
        raise ZeroDivisionError
    assert ours
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == [".lock"]


def test_claims_of_processes_that_a_run_ended_are_deleted_after_it(tmp_path: Path) -> None:
    """Another machine would count them for minutes."""
    with pytest.raises(KeyboardInterrupt), claims.void_claims_deleted_after(tmp_path):
        (tmp_path / FOLDER).mkdir()
        path = tmp_path / FOLDER / "records~x.json"
        path.write_text(json.dumps({"host": HOST, "process": 2**40}))
        raise KeyboardInterrupt
    assert not path.exists()


def test_of_many_that_ask_at_once_one_gets_it(tmp_path: Path) -> None:
    barrier = Barrier(8)

    def ask(_: int) -> bool:
        barrier.wait()
        with claimed(tmp_path, NAME) as ours:
            barrier.wait()
        return ours

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert sum(pool.map(ask, range(8))) == 1


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


@pytest.mark.parametrize(
    ("host", "alive", "age", "void"),
    [
        (HOST, True, 0.0, False),
        (HOST, False, 0.0, True),
        (HOST, True, LEASE_S + 60, True),  # its number belongs to another process by now
        ("elsewhere", False, 0.0, False),
        ("elsewhere", False, LEASE_S - 60, False),
        ("elsewhere", False, LEASE_S + 60, True),
    ],
)
def test_a_claim_is_void_when_its_process_ended_or_did_not_renew_it(
    host: str, alive: bool, age: float, void: bool, tmp_path: Path
) -> None:
    with claimed(tmp_path, NAME):
        path = file_of(tmp_path)
        process = os.getpid() if alive else ended_process()
        path.write_text(json.dumps({"host": host, "process": process, "claim": "another"}))
        os.utime(path, (time.time() - age,) * 2)
        with claimed(tmp_path, NAME) as ours:
            assert ours == void
    assert path.exists() != void  # another's claim stays, ours is released


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": 1}', '{"host": "a", "process": "b"}'])
def test_a_damaged_claim_is_void(content: str, tmp_path: Path) -> None:
    with claimed(tmp_path, NAME):
        file_of(tmp_path).write_text(content)
        with claimed(tmp_path, NAME) as ours:
            assert ours


def test_a_claim_is_renewed_while_it_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "RENEWAL_S", 0.01)
    with claimed(tmp_path, NAME):
        os.utime(file_of(tmp_path), (0, 0))
        deadline = time.monotonic() + 30
        while file_of(tmp_path).stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.005)
        assert file_of(tmp_path).stat().st_mtime > 0


def test_a_full_disk_leaves_no_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def cut(path: Path, text: str, **more: str) -> int:
        write(path, text[:9])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_text", cut)
    with pytest.raises(OSError, match="No space"), claimed(tmp_path, NAME):
        pass
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == [".lock"]
