"""The records of a board into one file and back, with the same bytes."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmark.errors import RecordError
from benchmark.files import write_bytes
from benchmark.records.record_content import loose_names, record_content, record_names
from benchmark.records.record_pack import KINDS, PACK, RecordPack, write_pack


class Packed(NamedTuple):
    """How many records a pack holds, their bytes as files, and the bytes of the pack."""

    records: int
    file_bytes: int
    pack_bytes: int


def pack_records(folder: Path) -> Packed:
    """Write all records of a board into its pack, and delete the files that are in it then.

    Records that are packed already are kept. A file that is written meanwhile stays; it comes
    before the packed record of its name, until the next packing.

    Raises:
        RecordError: There is no record, or the folder cannot be read or written.
    """
    names = _names(folder)
    if not names:
        raise RecordError(f"{folder}: has no records; type `segtransfer run` first")
    path = write_pack(folder, names, lambda name: record_content(folder, name).data)
    pack = RecordPack(path)
    for name in (f"{kind}/{name}" for kind in KINDS for name in loose_names(folder / kind)):
        if (folder / name).read_bytes() == pack.read(name):
            (folder / name).unlink()
    for kind in KINDS:
        _remove_empty(folder / kind)
    size = sum(len(pack.read(name) or b"") for name in names)
    return Packed(len(names), size, path.stat().st_size)


def unpack_records(folder: Path, out: Path) -> int:
    """Write every record of a board as a file below `out`; the board's own pack goes then.

    Returns:
        How many there are.

    Raises:
        RecordError: A record cannot be read, or a file not be written.
    """
    names = _names(folder)
    for name in names:
        if out != folder or not (out / name).is_file():
            write_bytes(out / name, record_content(folder, name).data)
    if out == folder:
        (folder / PACK).unlink(missing_ok=True)
    return len(names)


def _names(folder: Path) -> list[str]:
    return [f"{kind}/{name}" for kind in KINDS for name in record_names(folder, kind)]


def _remove_empty(folder: Path) -> None:
    """Remove a folder and those in it where nothing is left."""
    for path, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # something is left
            os.rmdir(path)
