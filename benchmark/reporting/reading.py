"""All records of a folder as cells: changed files are read, on all cores, the others are known."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmark.cards.card import fingerprint
from benchmark.errors import RecordError
from benchmark.records.checks import Conditions
from benchmark.records.store import Loaded, RecordFile, Store, refuse
from benchmark.reporting.cache import KnownCells, code_fingerprint
from benchmark.reporting.cells import Cells, cells_of
from benchmark.reporting.workers import Workers

CHUNK = 500  # records that a process reads at a time
MANY = 4000  # records that take longer to read than processes to start


def read_cells(store: Store, workers: Workers, cache: Path | None = None) -> Cells:
    """Cells of all records, in the order of their paths.

    Args:
        store: The folder.
        workers: Who reads.
        cache: The user's own folder of known cells; None reads every record anew.

    Raises:
        RecordError: A record is damaged or not the board's: the first in full, and how many more.
    """
    board = store.board()
    files = store.files()
    kept = None
    known = None
    conditions = f"{code_fingerprint()} {fingerprint(board)} {store.folder.resolve()}"
    if cache is not None:
        name = hashlib.sha256(str(store.folder.resolve()).encode(errors="replace")).hexdigest()
        kept = cache / f"{name[:32]}.npz"
        known = KnownCells.load(kept, conditions)
    old, new = _known(files, known)
    names = [file.name for file in new]
    chunks = [names[start : start + CHUNK] for start in range(0, len(new), CHUNK)]
    read = partial(_read, store, Conditions.of(board))
    parts, problems = [old.cells], list[str]()
    for cells, bad in workers.map(read, chunks, worth=len(new) >= MANY):
        parts.append(cells)
        problems += bad
    refuse(problems)
    found = _in_order(Cells.join(parts))
    if kept is not None and (new or len(old.cells) != _count(known)):
        states = np.array([file.state for file in files], dtype=np.int64).reshape(-1, 4)
        KnownCells(states, found).save(kept, conditions)
    return found


def _read(store: Store, wanted: Conditions, names: Sequence[str]) -> tuple[Cells, list[str]]:
    """Cells of the good ones, and what is wrong with the others."""
    problems = list[str]()

    def good() -> Iterator[Loaded]:
        for name in names:
            try:
                yield store.load(name, wanted)
            except RecordError as error:
                problems.append(str(error))

    return cells_of(good()), problems


def _known(
    files: Sequence[RecordFile], known: KnownCells | None
) -> tuple[KnownCells, list[RecordFile]]:
    """The known cells whose files are unchanged, and the other files."""
    if known is None:
        return KnownCells(np.empty((0, 4), dtype=np.int64), cells_of([])), list(files)
    names = known.cells.texts["path"].known
    row = {names[code]: number for number, code in enumerate(known.cells.texts["path"].codes)}
    states = list(map(tuple, known.states.tolist()))
    keep = np.zeros(len(states), dtype=np.bool_)
    new = []
    for file in files:
        number = row.get(file.name)
        if number is not None and states[number] == file.state:
            keep[number] = True
        else:
            new.append(file)
    if not keep.all():
        known = KnownCells(known.states[keep], known.cells.take(np.flatnonzero(keep)))
    return known, new


def _count(known: KnownCells | None) -> int:
    return -1 if known is None else len(known.cells)


def _in_order(cells: Cells) -> Cells:
    """The same in the order of the paths."""
    names = cells.texts["path"]
    rank = np.argsort(np.argsort(np.array(names.known, dtype=object)))
    place = rank[names.codes] if len(cells) else names.codes
    if (np.diff(place) > 0).all():
        return cells
    return cells.take(np.argsort(place))
