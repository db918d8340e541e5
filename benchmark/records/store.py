"""A board's folder: board.yaml, and one record a cell, written whole or not at all."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from benchmark.cards.board import BoardCard
from benchmark.cards.card import check_model, read_yaml
from benchmark.errors import RecordError
from benchmark.files import printable, write_text
from benchmark.records.case_table import CaseTable
from benchmark.records.fast_read import read_quickly
from benchmark.records.record import CellId, RunRecord
from benchmark.records.validate import AGAIN, Conditions, check_record

MAX_BYTES = 2**28
READABLE = 0o644
SHOWN = 60  # characters of a wrong value that a message repeats
Read = TypeVar("Read", bound=BaseModel)


class FileState(NamedTuple):
    """Size, times of change (of content, of anything) and inode of a file.

    Another file in its place has another state.
    """

    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    inode: int = 0


class Loaded(NamedTuple):
    """A checked record.

    Attributes:
        record: Has all attributes and properties of a `RunRecord`, not always its methods.
        table: Its scores.
        state: Of its file when it was read.
    """

    record: RunRecord
    table: CaseTable
    state: FileState = FileState()


@dataclass(frozen=True)
class Store:
    """The folder of one board's results."""

    folder: Path

    def board(self) -> BoardCard:
        """The board that the folder holds records of."""
        path = self.folder / "board.yaml"
        return check_model(read_yaml(path), BoardCard, path)

    def path(self, cell: CellId) -> Path:
        """Where the record of a cell lies."""
        return self.folder / "records" / cell.path

    def write(self, record: RunRecord) -> Path:
        """Write a record atomically.

        Raises:
            RecordError: The disk refused; nothing half-written is left.
        """
        path = self.path(record.cell)
        write_text(path, json.dumps(record.model_dump(mode="json"), indent=1) + "\n")
        return path

    def get(self, cell: CellId, key: str) -> RunRecord | None:
        """The record of exactly these conditions, if it is there."""
        path = self.path(cell)
        record = read_record(path) if path.is_file() else None
        return record if record is not None and record.key == key else None

    def has(self, cell: CellId, key: str) -> bool:
        """Whether the record of exactly these conditions is there."""
        return self.get(cell, key) is not None

    def files(self) -> list[str]:
        """Paths of all record files below `records/`, sorted.

        Hidden files are none, and symbolic links to folders are not followed.

        Raises:
            RecordError: A folder cannot be read.
        """
        top, found = self.folder / "records", list[str]()
        if top.is_dir():
            _walk(str(top), "", found)
        return sorted(found)

    def state(self, name: str) -> FileState | None:
        """State of a record's file now, as `Loaded` has it; None where it cannot be read."""
        try:
            return _state(os.stat(os.path.join(self.folder, "records", name)))
        except OSError:
            return None

    def load(self, name: str, wanted: Conditions, metrics: tuple[str, ...] = ()) -> Loaded:
        """Read one record quickly and check it.

        Args:
            name: Its path below `records/`.
            wanted: What the board asks.
            metrics: Those that it probably has scores of; a right guess is quicker.

        Raises:
            RecordError: One line that names the file, the field, what was found and expected.
        """
        path = f"{self.folder}/records/{name}"
        text, state = _content(path)
        record = read_quickly(text, metrics) or _strict(text, path, RunRecord, AGAIN)
        table = check_record(record, name, printable(path), wanted)
        return Loaded(record, table, state)

    def records(self) -> Iterator[tuple[Path, RunRecord]]:
        """All records, each at the path its cell gives it and under the board's conditions.

        Raises:
            RecordError: One or more are damaged or not the board's: the first in full, and how
                many more.
        """
        wanted, problems = Conditions.of(self.board()), list[str]()
        for name in self.files():
            try:
                path = self.folder / "records" / name
                record = read_record(path)
                check_record(record, name, printable(path), wanted)
            except RecordError as error:
                problems.append(str(error))
                continue
            yield path, record
        raise_for_problems(problems)


def raise_for_problems(problems: Sequence[str]) -> None:
    """Refuse a folder for its bad records; a table without them would look whole.

    Raises:
        RecordError: There is one or more: the first in full, and how many more.
    """
    if problems:
        more = len(problems) - 1
        rest = f" ({more} more bad record{'s' if more > 1 else ''} in this folder)" if more else ""
        raise RecordError(problems[0] + rest)


def _walk(folder: str, name: str, found: list[str]) -> None:
    """Add the record files below a folder to those found."""
    try:
        with os.scandir(folder) as items:
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    _walk(item.path, f"{name}{item.name}/", found)
                elif item.name.endswith(".json") and not item.name.startswith("."):
                    if not item.is_file():
                        item.stat()  # a link to nothing cannot be read
                        raise RecordError(f"{printable(item.path)}: is no file; delete it")
                    found.append(name + item.name)
    except OSError as error:
        where = printable(error.filename or folder)
        raise RecordError(f"{where}: cannot be read ({error.strerror})") from None


def read_record(path: Path | str) -> RunRecord:
    """Read one record strictly.

    Raises:
        RecordError: Not readable, not JSON, another schema, or a field is missing, unknown, of a
            wrong type or not finite.
    """
    return read_strictly(path, RunRecord, AGAIN)


def read_strictly(path: Path | str, kind: type[Read], again: str) -> Read:
    """Read a file of one model.

    Args:
        path: The file.
        kind: What it holds.
        again: How it is made anew, for the message.

    Raises:
        RecordError: Not readable, too large, not JSON, another schema, or a field is missing,
            unknown or of a wrong type.
    """
    return _strict(_content(path)[0], path, kind, again)


def _content(path: Path | str) -> tuple[bytes, FileState]:
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            state = _state(os.fstat(handle))
            if state.size > MAX_BYTES:
                raise RecordError(f"{printable(path)}: larger than {MAX_BYTES} bytes; no record is")
            return os.read(handle, state.size + 1), state
        finally:
            os.close(handle)
    except OSError as error:
        raise RecordError(f"{printable(path)}: cannot be read ({error.strerror})") from None


def _state(status: os.stat_result) -> FileState:
    return FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _strict(text: bytes, path: Path | str, kind: type[Read], again: str) -> Read:
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
    raise RecordError(f"{printable(path)}: {_what(problem, again)}")


def _what(problem: ErrorDetails, again: str) -> str:
    field = printable(".".join(str(part) for part in problem["loc"])) or "file"
    found = repr(problem["input"])
    found = found if len(found) <= SHOWN else found[:SHOWN] + "..."
    if field == "schema_version":
        return f"schema_version: is {found}; this version of segtransfer reads 1"
    if problem["type"] == "missing":
        return f"{field}: is missing; {again}"
    if problem["type"] == "extra_forbidden":
        return f"{field}: is no field of a record; {again}"
    if problem["type"] == "json_invalid":
        return f"{problem['msg']}; {again}"
    return f"{field}: is {found}: {problem['msg']}; {again}"
