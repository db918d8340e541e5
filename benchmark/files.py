"""Files: written whole or not at all, hashed, and named in one printable line."""

import hashlib
import os
import tempfile
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


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically, readable for all: a reader sees the old content or the new.

    Raises:
        RecordError: The folder cannot be written or the disk is full.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, READABLE)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise RecordError(
            f"{path}: cannot be written ({error.strerror}); make room and run the command again"
        ) from None
