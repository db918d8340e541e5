"""Claims: which process runs a cell, so that several runs in one folder share its cells.

A claim is a file with host and process, renewed while the cell is run. It is void once its process
has ended or, on another host, once it was not renewed for `LEASE_S`.
"""

import json
import os
import time
from _thread import start_new_thread
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from typing import Any, NamedTuple
from uuid import uuid4

from filelock import FileLock

from benchmark.owners import HOST, has_ended

FOLDER = ".claims"
LEASE_S = 300.0
RENEWAL_S = 20.0


class Claim(NamedTuple):
    """A claim that counts.

    Attributes:
        name: Path of the cell's record in the board's folder.
        host: Where it is run.
        process: By which process.
        seconds: For how long, by the clocks of both machines.
    """

    name: str
    host: str
    process: int
    seconds: float


def running_claims(folder: Path) -> list[Claim]:
    """The cells that are run at the moment, by name; nothing is written."""
    claims, now = list[Claim](), time.time()
    for path in sorted((folder / FOLDER).glob("[!.]*")):
        with suppress(OSError, ValueError, LookupError, TypeError):
            stated = json.loads(path.read_bytes())
            if not _counts(stated, now - path.stat().st_mtime):
                continue
            seconds = max(0.0, now - float(stated["since"]))
            claims.append(Claim(stated["name"], stated["host"], stated["process"], seconds))
    return claims


@contextmanager
def claimed(folder: Path, name: str) -> Iterator[bool]:
    """Claim a cell while inside.

    Args:
        folder: Of the board's results.
        name: Path of the cell's record in it.

    Yields:
        Whether the claim is ours; False if another run has it.

    Raises:
        OSError: The folder cannot be written.
    """
    path = folder / FOLDER / name.replace("/", "~")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.parent / ".lock")
    claim = json.dumps(
        {"name": name, "host": HOST, "process": os.getpid(), "since": round(time.time(), 3),
         "claim": uuid4().hex}
    )  # fmt: skip
    with lock:
        if ours := _is_void(path):
            _write(path, claim)
    if not ours:
        yield False
        return
    ended = Event()
    start_new_thread(_renew, (path, ended))  # `Thread.start` would wait for a free core
    try:
        yield True
    finally:
        ended.set()
        with lock, suppress(OSError):
            if path.read_text(encoding="utf-8") == claim:
                path.unlink()


@contextmanager
def void_claims_deleted_after(folder: Path) -> Iterator[None]:
    """Another machine would count the claims of processes that were ended here for `LEASE_S`."""
    try:
        yield
    finally:
        delete_void_claims(folder)


def delete_void_claims(folder: Path) -> None:
    """Delete the claims of processes that have ended; what cannot be deleted stays."""
    with suppress(OSError):
        for path in list((folder / FOLDER).glob("[!.]*")):
            with FileLock(path.parent / ".lock"):
                if _is_void(path):
                    path.unlink(missing_ok=True)


def _write(path: Path, claim: str) -> None:
    """Write a claim, in no hurry to the disk: it is void after a crash."""
    try:
        path.write_text(claim, encoding="utf-8")
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _is_void(path: Path) -> bool:
    """Whether there is no claim that counts; the lock is held."""
    try:
        claim = json.loads(path.read_bytes())
        with TemporaryFile(dir=path.parent) as now:  # by the clock of the file system
            age = os.fstat(now.fileno()).st_mtime - path.stat().st_mtime
        return not _counts(claim, age)
    except FileNotFoundError:
        return True
    except (ValueError, LookupError, TypeError):
        return True  # damaged


def _counts(claim: Any, age: float) -> bool:
    """Whether a claim counts that was renewed `age` seconds ago."""
    return age <= LEASE_S and not has_ended(str(claim["host"]), int(claim["process"]))


def _renew(path: Path, ended: Event) -> None:
    while not ended.wait(RENEWAL_S):
        with suppress(OSError):
            os.utime(path)
