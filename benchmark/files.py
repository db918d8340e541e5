"""Files: written atomically, hashed, and named in one printable line."""

import csv
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from benchmark.errors import RecordError

READABLE = 0o644


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

    A reader sees the old content or the new, never a part. After an error nothing is left.

    Args:
        path: Its folder is made if it does not exist.
        ending: Of the temporary file's name, for writers that choose the format by it.

    Raises:
        OSError: The folder cannot be written or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=ending)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(READABLE)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically, readable for all users.

    Raises:
        RecordError: The folder cannot be written or the disk is full.
    """
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise RecordError(
            f"{path}: cannot be written ({error.strerror}); make room and run the command again"
        ) from None


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as the text of a CSV file, with line feeds."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
