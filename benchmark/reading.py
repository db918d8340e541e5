"""Files as people have them: bounded before they are parsed, and every fault is one line."""

import codecs
import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from benchmark.errors import BenchmarkError, first_repeated

MAX_TEXT_BYTES = 200_000_000
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@contextmanager
def reading(
    path: Path, kind: str, error: type[BenchmarkError], remedy: str = "get the file again"
) -> Iterator[None]:
    """Turn every exception of a parser into one line with the file's name.

    Libraries raise dozens of types for damaged files, so only calls of them belong in the block.

    Args:
        path: What is read.
        kind: What it should be, with its article ("a NIfTI file").
        error: What is raised.
        remedy: What to do about a damaged file.

    Raises:
        BenchmarkError: Of the type `error`; errors of this package pass as they are.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would be waited for
            raise error(f"{path}: a pipe, socket or device; expected {kind}")
        yield
    except BenchmarkError:
        raise
    except FileNotFoundError:
        raise error(f"{path}: no such file") from None
    except MemoryError:
        raise error(f"{path}: does not fit into memory") from None
    except Exception as fault:
        if isinstance(fault, OSError) and fault.strerror:
            raise error(f"{path}: cannot be read ({fault.strerror})") from fault
        reason = (str(fault) or type(fault).__name__).strip().partition("\n")[0]
        raise error(f"{path}: damaged or not {kind} ({reason}); {remedy}") from fault


def read_text(path: Path, error: type[BenchmarkError], most_bytes: int = MAX_TEXT_BYTES) -> str:
    """A text in UTF-8, with or without a byte order mark, or in UTF-16 with one.

    Raises:
        BenchmarkError: Of the type `error`; it is missing, too large, or in another encoding.
    """
    with reading(path, "a text file", error):
        if (size := path.stat().st_size) > most_bytes:
            raise error(f"{path}: {size} bytes; expected {most_bytes} at most")
        data = path.read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data[: fault.start].count(b"\n") + 1
        raise error(
            f"{path}, line {line}: not UTF-8 text (byte 0x{data[fault.start]:02x}); save it as "
            "UTF-8 (in a spreadsheet: `CSV UTF-8`)"
        ) from None


def read_json(path: Path, error: type[BenchmarkError]) -> Any:
    """Plain data from JSON.

    Raises:
        BenchmarkError: Of the type `error`; it is missing, too large, too deep, not JSON, or has a
            key twice.
    """
    text = read_text(path, error)
    with reading(path, "JSON", error, "correct it, or get it again"):
        return json.loads(text, object_pairs_hook=keys_once)


def keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, of which parsers would keep the last of two equal keys.

    Raises:
        ValueError: A key comes twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = first_repeated(key for key, _ in pairs)
        raise ValueError(f"the key {twice!r} comes twice")
    return found


def read_csv(
    path: Path,
    columns: Iterable[str] = (),
    *,
    exactly: bool = False,
    delimiter: str = ",",
    error: type[BenchmarkError],
) -> list[dict[str, str]]:
    """The rows of a CSV file with a header, as text.

    Args:
        path: The file; encodings are those of `read_text`.
        columns: Those that it must have.
        exactly: Whether it may have no others.
        delimiter: Between two values.
        error: What is raised.

    Raises:
        BenchmarkError: Of the type `error`; the file is missing, is not CSV text (or has a quote
            that is never closed), lacks a column, has two of one name, or a row has more or fewer
            values than the header.
    """
    text = StringIO(read_text(path, error), newline="")
    with reading(path, "a CSV file", error, "save it as CSV again"):
        header, *rows = [*csv.reader(text, delimiter=delimiter, strict=True)] or [[]]
    wanted = list(columns)
    if header != wanted and (exactly or not set(wanted) <= set(header)):
        raise error(f"{path}: {_columns_fault(header, wanted, delimiter, exactly)}")
    if twice := first_repeated(filter(None, header)):
        raise error(f"{path}: two columns are named {twice!r}; rename one")
    for number, row in enumerate(rows, start=2):
        if row and (len(row) < len(header) or any(row[len(header) :])):
            raise error(
                f"{path}, row {number}: {len(row)} values, but there are {len(header)} columns; "
                'a value with a comma is written in quotes: "a, b"'
            )
    return [dict(zip(header, row, strict=False)) for row in rows if row]


def _columns_fault(header: list[str], wanted: list[str], delimiter: str, exactly: bool) -> str:
    """What is wrong with a header, and what to do."""
    other = next((d for d in DELIMITERS if d in header[0]), None) if len(header) == 1 else None
    if other and other != delimiter:
        return f"values are separated by {DELIMITERS[other]}; save it with {delimiter!r} between"
    if not set(wanted) <= set(header) and set(wanted) <= {name.strip() for name in header}:
        return f"column names have blanks around them: {header}; remove the blanks"
    if exactly:
        return f"columns are {header}; expected {','.join(wanted)}"
    missing = next(name for name in wanted if name not in header)
    return f"column {missing!r} is missing; it has {header}"
