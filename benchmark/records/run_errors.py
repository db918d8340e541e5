"""Cells that could not be run on a machine: its data are gone, its memory or disk is full, say.

Such an error says nothing about the entry. It is kept beside the records and listed, never ranked,
and the cell is run again by the same command; the note goes when the cell has a record.
"""

from contextlib import suppress
from pathlib import Path
from typing import Literal

from benchmark.errors import RecordError
from benchmark.files import write_text
from benchmark.owners import HOST
from benchmark.records.cell import Facts
from benchmark.records.record_content import has_record, loose_names
from benchmark.records.record_files import read_strictly

FOLDER = "errors"


class RunError(Facts):
    """Why a cell or sequence has no record.

    `name` is the path of the record, `host` the machine on which it could not be made.
    """

    schema_version: Literal[1] = 1
    name: str
    error: str
    host: str
    when: str


def note_error(folder: Path, name: str, error: str, when: str) -> None:
    """Keep why a cell could not be run; on a full disk, say, nothing is kept."""
    note = RunError(name=name, error=error, host=HOST, when=when)
    with suppress(RecordError):
        write_text(folder / FOLDER / name, note.model_dump_json(indent=1) + "\n")


def forget_error(folder: Path, name: str) -> None:
    """The cell has a record now."""
    with suppress(OSError):
        (folder / FOLDER / name).unlink(missing_ok=True)


def run_errors(folder: Path) -> list[RunError]:
    """Of cells without a record, by name; what cannot be read is left out."""
    errors = list[RunError]()
    for name in loose_names(folder / FOLDER):
        with suppress(RecordError):
            if has_record(folder, name):
                continue
            errors.append(read_strictly(folder / FOLDER / name, RunError, "delete it"))
    return errors
