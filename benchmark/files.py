"""Files: written atomically, hashed, and named in one printable line."""

import csv
import errno
import hashlib
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import StringIO
from itertools import chain
from pathlib import Path

from benchmark.errors import RecordError
from benchmark.owners import HOST, has_ended

LOG = logging.getLogger("segtransfer")
READABLE = 0o644
TEMPORARY = re.compile(r"\.(?P<host>[A-Za-z0-9-]+)~(?P<process>\d+)~")
OLD_S = 86400  # nothing is written for a day
LEAST_FREE_MB = 10  # more than a record with its pictures takes
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def printable(text: object) -> str:
    """A name as one printable line: nothing in it can break a line or steer a terminal."""
    plain = str(text)
    return plain if plain.isprintable() else ascii(plain)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path, ending: str = ".part") -> Iterator[Path]:
    """A hidden temporary file next to `path` that takes its place when the block succeeds.

    A reader sees the old content or the new, never a part, also after the machine lost its power.
    After an error nothing is left.

    Args:
        path: Its folder is made if it does not exist.
        ending: Of the temporary file's name, for writers that choose the format by it.

    Raises:
        OSError: The folder cannot be written or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=temporary_prefix(), suffix=ending)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(READABLE)
        sync(temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically, readable for all users.

    Raises:
        RecordError: The folder cannot be written or the disk is full.
    """
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise RecordError(not_written(path, error)) from None


def write_checked(path: Path, data: bytes) -> None:
    """Write a file that is trusted later, with its SHA-256; raises as `write_bytes`."""
    write_bytes(path, hashlib.sha256(data).digest() + data)


def read_checked(path: Path) -> bytes | None:
    """What `write_checked` wrote; None if there is none, or with one line if it is damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        content = b""
    if hashlib.sha256(data := content[32:]).digest() == content[:32]:
        return data
    LOG.warning("%s: damaged, it is made again", printable(path))
    return None


def not_written(path: Path, error: OSError) -> str:
    """What to do about a file that cannot be written, in one line."""
    what = "make room" if error.errno in FULL else "see to the folder and its permissions"
    return f"{path}: cannot be written ({error.strerror}); {what} and run the command again"


def require_space(folder: Path) -> None:
    """Refuse to begin what could not be written in the end.

    Raises:
        RecordError: Less than LEAST_FREE_MB are free on the disk of the folder.
    """
    free = shutil.disk_usage(folder).free / 1e6
    if free < LEAST_FREE_MB:
        raise RecordError(
            f"{folder}: {free:.1f} MB free, less than {LEAST_FREE_MB}; "
            "make room and run the command again"
        )


def sync(path: Path) -> None:
    """Have the content of a file on the disk before it is given its name."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def temporary_prefix() -> str:
    """How the name of a temporary file or folder of this process begins; it is hidden."""
    return f".{HOST}~{os.getpid()}~"


def sweep(*roots: Path) -> None:
    """Delete temporary files and folders below, left by processes that were killed.

    Those of another host are left for a day. What cannot be deleted stays.
    """
    for parent, folders, files in chain.from_iterable(map(os.walk, roots)):
        for name in [*folders, *files]:
            path = os.path.join(parent, name)
            if (match := TEMPORARY.match(name)) and _left(path, match):
                shutil.rmtree(path, ignore_errors=True)
                with suppress(OSError):
                    os.unlink(path)
        folders[:] = [name for name in folders if not TEMPORARY.match(name)]


def _left(path: str, name: re.Match[str]) -> bool:
    if has_ended(name["host"], int(name["process"])):
        return True
    with suppress(OSError):
        return name["host"] != HOST and time.time() - os.stat(path).st_mtime > OLD_S
    return False


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as the text of a CSV file, with line feeds."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
