"""All records of a folder as cells: changed files are read, on all cores, the others are known."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmark.cards.card import fingerprint
from benchmark.errors import RecordError
from benchmark.leaderboard.record_columns import STATE, RecordColumns, record_columns
from benchmark.leaderboard.records_cache import code_fingerprint, load_columns, save_columns
from benchmark.records.store import Loaded, Store, raise_for_problems
from benchmark.records.validate import Conditions
from benchmark.workers import Workers

CHUNK = 500  # records that a process reads at a time
MANY = 4000  # records that take longer to read than processes to start


def read_columns(store: Store, workers: Workers, cache: Path | None = None) -> RecordColumns:
    """Cells of all records, in the order of their paths.

    Args:
        store: The folder.
        workers: Who reads.
        cache: The user's own folder of known cells; None reads every record anew.

    Raises:
        RecordError: A record is damaged or not the board's: the first in full, and how many more.
    """
    return begin_reading(store, workers, cache)()


def begin_reading(
    store: Store, workers: Workers, cache: Path | None = None
) -> Callable[[], RecordColumns]:
    """As `read_cells`, which the result goes on with; until then other processes read alone."""
    board = store.board()
    kept, known = None, None
    conditions = f"{code_fingerprint()} {fingerprint(board)} {store.folder.resolve()}"
    if cache is not None:
        name = hashlib.sha256(str(store.folder.resolve()).encode(errors="replace")).hexdigest()
        kept = cache / f"{name[:32]}.npz"
        known = load_columns(kept, conditions)
    if known is None and board.size >= MANY:
        workers.start()  # while files are looked for
    files = store.files()
    old, new = _known(store, files, known)
    chunks = [new[start : start + CHUNK] for start in range(0, len(new), CHUNK)]
    read = partial(_read, store, Conditions.of(board))
    begun = workers.map(read, chunks, parallel=len(new) >= MANY)
    workers.prepare("benchmark.leaderboard.setting_statistics")  # what comes next

    def finish() -> RecordColumns:
        parts, problems = [old], list[str]()
        for cells, bad in begun:
            parts.append(cells)
            problems += bad
        raise_for_problems(problems)
        found = _in_order(RecordColumns.join(parts))
        if kept is not None and (new or known is None or len(old) != len(known)):
            save_columns(kept, found, conditions)
        return found

    return finish


def _read(
    store: Store, wanted: Conditions, names: Sequence[str]
) -> tuple[RecordColumns, list[str]]:
    """Cells of the good ones, and what is wrong with the others."""
    problems = list[str]()

    def good() -> Iterator[Loaded]:
        metrics: tuple[str, ...] = ()
        for name in names:
            try:
                found = store.load(name, wanted, metrics)
                metrics = found.table.metrics
                yield found
            except RecordError as error:
                problems.append(str(error))

    return record_columns(good()), problems


def _known(
    store: Store, files: Sequence[str], known: RecordColumns | None
) -> tuple[RecordColumns, list[str]]:
    """The known cells whose files are unchanged, and the other files."""
    if known is None:
        return record_columns([]), list(files)
    states = zip(*(known.counts[name].tolist() for name in STATE), strict=True)
    state_of = dict(zip(known.texts["path"].listed(), states, strict=True))
    same = {name for name in files if name in state_of and store.state(name) == state_of[name]}
    keep = np.array([name in same for name in state_of], dtype=np.bool_)
    if not keep.all():
        known = known.take(np.flatnonzero(keep))
    return known, [name for name in files if name not in same]


def _in_order(cells: RecordColumns) -> RecordColumns:
    """The same in the order of the paths."""
    names = cells.texts["path"]
    rank = np.argsort(np.argsort(np.array(names.known, dtype=object)))
    place = rank[names.codes] if len(cells) else names.codes
    if (np.diff(place) > 0).all():
        return cells
    return cells.take(np.argsort(place))
