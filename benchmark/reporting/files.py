"""Bytes written whole or not at all, as `records.store.write_text` does with text."""

import os
from contextlib import suppress
from pathlib import Path

from benchmark.errors import RecordError


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically.

    Raises:
        RecordError: The folder cannot be written or the disk is full.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise RecordError(f"{path}: cannot be written ({error.strerror or error})") from None
