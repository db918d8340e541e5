"""The bytes of records, in files or packed; a file comes before the packed record of its name.

Names are paths in the folder of a board: `records/TARGET/...`, `sequences/SEQUENCE/...`.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmark.errors import RecordError
from benchmark.files import printable
from benchmark.records.record_pack import MAX_BYTES, PACK, RecordPack, open_pack


class FileState(NamedTuple):
    """Size, times of change (of content, of anything) and inode of a file.

    Another file in its place has another state.
    """

    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    inode: int = 0

    @classmethod
    def of(cls, status: os.stat_result) -> "FileState":
        """The state of a file by its status."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class RecordContent(NamedTuple):
    """The bytes of a record, the state of their file (or pack), and the path for messages."""

    data: bytes
    state: FileState
    where: str


def record_names(folder: Path, kind: str) -> list[str]:
    """Paths of all records of a kind below `folder/kind`, sorted; as `RecordFolder.files`."""
    pack, _ = _pack(folder)
    return sorted({*loose_names(folder / kind), *(pack.names(kind) if pack else ())})


def loose_names(folder: Path) -> list[str]:
    """Paths of all JSON files below a folder, sorted.

    Hidden files are ignored, and symbolic links to folders are not followed.

    Raises:
        RecordError: A folder cannot be read.
    """
    names = list[str]()
    if folder.is_dir():
        _walk(str(folder), "", names)
    return sorted(names)


def has_record(folder: Path, name: str) -> bool:
    """Whether a board has a record of this name."""
    if os.path.isfile(f"{folder}/{name}"):
        return True
    pack, _ = _pack(folder)
    return pack is not None and name in pack


def state_of(folder: Path, name: str) -> FileState | None:
    """State of a record's file, or else of the pack; None if there is neither."""
    for path in (f"{folder}/{name}", f"{folder}/{PACK}"):
        with suppress(OSError):
            return FileState.of(os.stat(path))
    return None


def record_content(folder: Path, name: str) -> RecordContent:
    """The bytes of a record of a board.

    Raises:
        RecordError: There is none, or it cannot be read.
    """
    path = f"{folder}/{name}"
    try:
        return RecordContent(*_read(path), path)
    except FileNotFoundError as error:
        (pack, state), problem = _pack(folder), _unreadable(path, error)
    except OSError as error:
        raise RecordError(_unreadable(path, error)) from None
    if pack is None or (content := pack.read(name)) is None:
        raise RecordError(problem)
    return RecordContent(content, state, f"{pack.path}: {name}")


def _pack(folder: Path) -> tuple[RecordPack | None, FileState]:
    """The pack of a board, if there is one, and the state of its file."""
    try:
        state = FileState.of(os.stat(f"{folder}/{PACK}"))
    except OSError:
        return None, FileState()
    return open_pack(folder / PACK, state), state


def read_bytes(path: Path | str) -> tuple[bytes, FileState]:
    """Content of a file and its state when it was read.

    Raises:
        RecordError: The file cannot be read or is too large.
    """
    try:
        return _read(path)
    except OSError as error:
        raise RecordError(_unreadable(path, error)) from None


def _read(path: Path | str) -> tuple[bytes, FileState]:
    handle = os.open(path, os.O_RDONLY)
    try:
        state = FileState.of(os.fstat(handle))
        if state.size > MAX_BYTES:
            raise RecordError(f"{printable(path)}: larger than {MAX_BYTES} bytes; no record is")
        return os.read(handle, state.size + 1), state
    finally:
        os.close(handle)


def _unreadable(path: Path | str, error: OSError) -> str:
    return f"{printable(path)}: cannot be read ({error.strerror})"


def _walk(folder: str, name: str, names: list[str]) -> None:
    """Add the names of all record files below a folder."""
    try:
        with os.scandir(folder) as items:
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    if item.name.endswith(".json"):
                        raise RecordError(f"{printable(item.path)}: is a folder; delete it")
                    _walk(item.path, f"{name}{item.name}/", names)
                elif item.name.endswith(".json") and not item.name.startswith("."):
                    if not item.is_file():
                        item.stat()  # a broken link cannot be read
                        raise RecordError(f"{printable(item.path)}: is not a file; delete it")
                    names.append(name + item.name)
    except OSError as error:
        path = printable(error.filename or folder)
        raise RecordError(f"{path}: cannot be read ({error.strerror})") from None
