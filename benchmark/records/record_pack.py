"""All records of a board in one file: an SQLite database of compressed JSON.

SQLite, since it is part of Python, gives one record without reading the others, and any tool opens
it. Each record is compressed with a record of the same target as the dictionary, as both name the
same cases; its bytes come back as they were. A pack is never changed: it is written anew and then
takes the place of the old one, so that it needs no locks, which network disks may lack.
"""

import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from weakref import finalize

from benchmark.errors import RecordError
from benchmark.files import not_written, printable, replacing

PACK = "records.sqlite"
KINDS = ("records", "sequences")
MAX_BYTES = 2**28  # of a record
WINDOW = 2**15  # bytes of a dictionary that zlib uses
SAFE = re.compile(rf"(?:{'|'.join(KINDS)})(?:/[^/\\\0.][^/\\\0]*)+\.json")
TABLES = """
PRAGMA page_size = 8192;
CREATE TABLE dictionary (target TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE record (name TEXT PRIMARY KEY, target TEXT NOT NULL, content BLOB NOT NULL);
PRAGMA user_version = 1;
"""


class RecordPack:
    """An opened pack. Names are paths in the board's folder: `records/TARGET/...`."""

    def __init__(self, path: Path) -> None:
        """Open it; its records are read when they are asked for.

        Raises:
            RecordError: It is no pack.
        """
        self.path = path
        with self._problems():
            address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
            self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
            finalize(self, self._database.close)  # Python 3.13 warns of one that is left open
            if self._database.execute("PRAGMA user_version").fetchone() != (1,):
                raise sqlite3.DatabaseError("not a pack of this version of segtransfer")
            rows = self._database.execute("SELECT target, content FROM dictionary")
            self._dictionaries = dict(rows.fetchall())

    def names(self, kind: str) -> list[str]:
        """Names of all records of a kind, sorted, relative to the folder of the kind.

        Raises:
            RecordError: It is damaged, or a name leads out of the folder.
        """
        with self._problems():
            rows = self._database.execute(
                "SELECT name FROM record WHERE name GLOB ? ORDER BY name", (f"{kind}/*",)
            ).fetchall()
            for (name,) in rows:
                if not SAFE.fullmatch(name):
                    raise sqlite3.DatabaseError(f"{printable(name)} is no name of a record")
        return [name.removeprefix(f"{kind}/") for (name,) in rows]

    def __contains__(self, name: str) -> bool:
        """Whether there is a record of this name."""
        with self._problems():
            row = self._database.execute("SELECT 1 FROM record WHERE name = ?", (name,)).fetchone()
        return row is not None

    def read(self, name: str) -> bytes | None:
        """The bytes of one record; None if it is not there.

        Raises:
            RecordError: It is damaged.
        """
        with self._problems():
            row = self._database.execute(
                "SELECT target, content FROM record WHERE name = ?", (name,)
            ).fetchone()
            if row is None:
                return None
            stream = zlib.decompressobj(zdict=self._dictionaries[row[0]])
            content = stream.decompress(row[1], MAX_BYTES)
            if not stream.eof:
                raise zlib.error(f"{name} is cut short or too large")
            return content

    @contextmanager
    def _problems(self) -> Iterator[None]:
        """Errors of a damaged file as one line."""
        try:
            yield
        except (sqlite3.Error, zlib.error, KeyError, TypeError) as error:
            raise RecordError(
                f"{printable(self.path)}: cannot be read ({printable(error)}); take it from a copy"
            ) from None


@lru_cache(maxsize=4)
def open_pack(path: Path, state: object) -> RecordPack:
    """The pack at a path, opened once for each state of the file."""
    return RecordPack(path)


def write_pack(folder: Path, names: Sequence[str], read: Callable[[str], bytes]) -> Path:
    """Write the pack of a board's folder anew; it counts once it gives every byte back.

    Args:
        folder: Of the board.
        names: Paths of the records in the folder.
        read: Gives the bytes of one.

    Raises:
        RecordError: It cannot be written, or a name has a sign that no record's name has.
    """
    path = folder / PACK
    for name in names:
        if not SAFE.fullmatch(name):
            raise RecordError(f"{printable(folder / name)}: no record has such a name; delete it")
    try:
        with replacing(path) as temporary:
            with closing(sqlite3.connect(temporary)) as database, database:
                database.executescript(TABLES)
                _fill(database, names, read)
            written = RecordPack(temporary)
            if any(written.read(name) != read(name) for name in names):
                raise RecordError(f"{path}: is not what was written; see to the disk")
            open_pack.cache_clear()
    except sqlite3.Error as error:
        raise RecordError(f"{path}: cannot be written ({error}); see to the disk") from None
    except OSError as error:
        raise RecordError(not_written(path, error)) from None
    return path


def _fill(database: sqlite3.Connection, names: Sequence[str], read: Callable[[str], bytes]) -> None:
    dictionaries = dict[str, bytes]()
    for name in sorted(names):
        target, content = name.split("/")[1], read(name)
        stream = zlib.compressobj(zdict=dictionaries.setdefault(target, content[-WINDOW:]))
        packed = stream.compress(content) + stream.flush()
        database.execute("INSERT INTO record VALUES (?, ?, ?)", (name, target, packed))
    database.executemany("INSERT INTO dictionary VALUES (?, ?)", dictionaries.items())
