"""Files of records: read strictly, written atomically, each at the path of what it is about.

A record may be in the board's pack instead (`record_pack`), at the same path; a file comes first.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from benchmark.errors import RecordError
from benchmark.files import printable, write_text
from benchmark.reading import keys_once
from benchmark.records.record_content import (
    FileState,
    RecordContent,
    has_record,
    read_bytes,
    record_content,
    record_names,
    state_of,
)

SHOWN = 60  # characters of a wrong value that a message repeats
Content = TypeVar("Content", bound=BaseModel)
Record = TypeVar("Record", bound=BaseModel)


class HasPath(Protocol):
    """Identity of a record."""

    @property
    def path(self) -> str:
        """Where the record is, relative to its kind's subfolder."""


Identity = TypeVar("Identity", bound=HasPath)


@dataclass(frozen=True)
class RecordFolder(Generic[Identity, Record]):
    """The records of one kind in the folder of a board.

    Attributes:
        folder: Of the board.
        subfolder: Where the records are.
        model: Model of a record.
        identity: Field of the record with its identity.
        again: How to make a record anew, for messages.
    """

    folder: Path
    subfolder: ClassVar[str]
    model: ClassVar[Any]
    identity: ClassVar[str]
    again: ClassVar[str]

    def path(self, identity: Identity) -> Path:
        """Path of the file of the record with this identity."""
        return self.folder / self.subfolder / identity.path

    def write(self, record: Record) -> Path:
        """Write a record atomically.

        Raises:
            RecordError: It cannot be written.
        """
        path = self.path(getattr(record, self.identity))
        write_text(path, json.dumps(record.model_dump(mode="json"), indent=1) + "\n")
        return path

    def read(self, identity: Identity) -> Record:
        """Read the record with this identity; raises as `read_strictly`."""
        content = self.content(identity.path)
        record: Record = parse_strictly(content.data, content.where, self.model, self.again)
        return record

    def content(self, name: str) -> RecordContent:
        """The bytes of the record at a path below `subfolder`.

        Raises:
            RecordError: There is none, or it cannot be read.
        """
        return record_content(self.folder, f"{self.subfolder}/{name}")

    def state(self, name: str) -> FileState | None:
        """State of a record's file or pack now; None if there is neither."""
        return state_of(self.folder, f"{self.subfolder}/{name}")

    def get(self, identity: Identity, key: str) -> Record | None:
        """The record with this identity and key; None if there is none."""
        there = has_record(self.folder, f"{self.subfolder}/{identity.path}")
        record: Any = self.read(identity) if there else None
        return record if record is not None and record.key == key else None

    def has(self, identity: Identity, key: str) -> bool:
        """Whether there is a record with this identity and key."""
        return self.get(identity, key) is not None

    def files(self) -> list[str]:
        """Paths of all records relative to `subfolder`, sorted, in files or packed.

        Hidden files are ignored, and symbolic links to folders are not followed.

        Raises:
            RecordError: A folder or the pack cannot be read.
        """
        return record_names(self.folder, self.subfolder)


def raise_for_problems(problems: Sequence[str]) -> None:
    """Refuse a folder for its bad records; a table without them would look complete.

    Raises:
        RecordError: There are problems: the first in full, and how many more.
    """
    if problems:
        more = len(problems) - 1
        others = f" ({more} more bad record{'s' if more > 1 else ''} in this folder)"
        raise RecordError(problems[0] + (others if more else ""))


def read_strictly(path: Path | str, model: type[Content], again: str) -> Content:
    """Read a JSON file of one model.

    Args:
        path: The file.
        model: Its content.
        again: How to make it anew, for messages.

    Raises:
        RecordError: The file cannot be read, is too large, is not JSON, has another schema, or a
            field is missing, unknown, of a wrong type or there twice.
    """
    return parse_strictly(read_bytes(path)[0], path, model, again)


def parse_strictly(text: bytes, path: Path | str, model: type[Content], again: str) -> Content:
    """As `read_strictly`, from the content of the file."""
    try:
        content = model.model_validate_json(text, strict=True)
        json.loads(text, object_pairs_hook=keys_once)
        return content
    except ValidationError as error:
        problem = _in_words(error.errors(include_url=False)[0], again)
    except ValueError as error:
        problem = f"{error}; {again}"
    raise RecordError(f"{printable(path)}: {problem}")


def _in_words(problem: ErrorDetails, again: str) -> str:
    field = printable(".".join(str(part) for part in problem["loc"])) or "file"
    value = repr(problem["input"])
    value = value if len(value) <= SHOWN else value[:SHOWN] + "..."
    if field == "schema_version":
        return f"schema_version: is {value}; this version of segtransfer reads 1"
    texts = {
        "missing": f"{field}: is missing",
        "extra_forbidden": f"{field}: is not a field of a record",
        "json_invalid": problem["msg"],
    }
    text = texts.get(problem["type"], f"{field}: is {value}: {problem['msg']}")
    return f"{text}; {again}"
