"""All records of a folder as columns: new files are read in parallel, the others are cached."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmark.cards.card import fingerprint
from benchmark.errors import RecordError
from benchmark.leaderboard.bulk.array_files import code_fingerprint
from benchmark.leaderboard.bulk.record_columns import RecordColumns, record_columns
from benchmark.leaderboard.bulk.records_cache import load_columns, save_columns
from benchmark.leaderboard.columns import STATE
from benchmark.records.record_files import raise_for_problems
from benchmark.records.store import Loaded, Store
from benchmark.records.validate import Conditions
from benchmark.workers import Workers

CHUNK = 500  # records that a process reads in one task
MANY = 4000  # records that take longer to read than processes to start


def read_columns(store: Store, workers: Workers, cache: Path | None = None) -> RecordColumns:
    """Columns of all records, in the order of their paths.

    Args:
        store: The folder.
        workers: Processes that read.
        cache: The user's cache folder; None reads every record anew.

    Raises:
        RecordError: Records are damaged or not the board's: the first in full, and how many more.
    """
    return begin_reading(store, workers, cache)()


def begin_reading(
    store: Store, workers: Workers, cache: Path | None = None
) -> Callable[[], RecordColumns]:
    """As `read_columns`; other processes read until the returned function is called."""
    board = store.board()
    cache_file, cached = None, None
    conditions = f"{code_fingerprint()} {fingerprint(board)} {store.folder.resolve()}"
    if cache is not None:
        name = hashlib.sha256(str(store.folder.resolve()).encode(errors="replace")).hexdigest()
        cache_file = cache / f"{name[:32]}.npz"
        cached = load_columns(cache_file, conditions)
    if cached is None and board.size >= MANY:
        workers.start()  # while files are looked for
    names = store.files()
    unchanged, new = _unchanged(store, names, cached)
    chunks = [new[start : start + CHUNK] for start in range(0, len(new), CHUNK)]
    read = partial(_read, store, Conditions.of(board))
    parts_read = workers.map(read, chunks, parallel=len(new) >= MANY)
    workers.prepare("benchmark.leaderboard.bulk.setting_statistics")  # the next task

    def finish() -> RecordColumns:
        """Wait for the other processes; all columns, in the order of their paths."""
        parts, problems = [unchanged], list[str]()
        for part, problems_of_part in parts_read:
            parts.append(part)
            problems += problems_of_part
        raise_for_problems(problems)
        records = RecordColumns.join(parts)
        order = records.texts["path"].order
        if not (np.diff(order) > 0).all():
            records = records.take(np.argsort(order))
        if cache_file is not None and (new or cached is None or len(unchanged) != len(cached)):
            save_columns(cache_file, records, conditions)
        return records

    return finish


def _read(
    store: Store, conditions: Conditions, names: Sequence[str]
) -> tuple[RecordColumns, list[str]]:
    """Columns of the valid records, and the problems of the others."""
    problems = list[str]()

    def valid() -> Iterator[Loaded]:
        """The records that can be ranked or shown; the problems of the others are kept."""
        metrics: tuple[str, ...] = ()
        for name in names:
            try:
                loaded = store.load(name, conditions, metrics)
                metrics = loaded.table.metrics
                yield loaded
            except RecordError as error:
                problems.append(str(error))

    return record_columns(valid()), problems


def _unchanged(
    store: Store, names: Sequence[str], cached: RecordColumns | None
) -> tuple[RecordColumns, list[str]]:
    """The cached records whose files are unchanged, and the names of the other files."""
    if cached is None:
        return record_columns([]), list(names)
    states = zip(*(cached.numbers[name].tolist() for name in STATE), strict=True)
    state_of = dict(zip(cached.texts["path"].tolist(), states, strict=True))
    same = {name for name in names if name in state_of and store.state(name) == state_of[name]}
    keep = np.array([name in same for name in state_of], dtype=np.bool_)
    if not keep.all():
        cached = cached.take(np.flatnonzero(keep))
    return cached, [name for name in names if name not in same]
