"""The tables of a folder, from one reading of its records.

Tables need pandas and scipy, which load while other processes read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.records.store import Store
from benchmark.records.trust import TrustLevel, trust_levels
from benchmark.reporting.cells import Cells
from benchmark.reporting.memory import Memory, forget_unused
from benchmark.reporting.reading import begin_reading
from benchmark.reporting.workers import Workers

if TYPE_CHECKING:
    from benchmark.reporting.leaderboard import Leaderboard


@dataclass(frozen=True)
class Boards:
    """One folder read once.

    Attributes:
        full: Its tables.
        clean: Those without contaminated cells.
        cells: Its records, as columns.
        trust: Of `trust_levels`.
    """

    full: "Leaderboard"
    clean: "Leaderboard"
    cells: Cells
    trust: Mapping[str, TrustLevel]


def read_boards(store: Store, cache: Path | None = None) -> Boards:
    """Build the tables of a folder with and without contaminated cells.

    Args:
        store: The folder.
        cache: As for `read_leaderboard`.

    Raises:
        RecordError: As `read_leaderboard`.
    """
    with Workers() as workers:
        cells, trust, build = _read(store, cache, workers)
        full = build()
        clean = build(clean=True) if full.contaminated else replace(full, clean=True)
    _forget(cache)
    return Boards(full, clean, cells, trust)


def read_leaderboard(
    store: Store, *, clean: bool = False, cache: Path | None = None
) -> "Leaderboard":
    """Build the tables of a folder, on all cores where it is large.

    Args:
        store: The folder.
        clean: Leave out cells whose source saw something of the target's data.
        cache: A folder of the user's own, in which what was read and computed is kept for the
            next time; None keeps nothing.

    Raises:
        RecordError: Records are damaged, not the board's, or contradict each other.
    """
    with Workers() as workers:
        _, _, build = _read(store, cache, workers)
        found = build(clean=clean)
    _forget(cache)
    return found


def _read(
    store: Store, cache: Path | None, workers: Workers
) -> "tuple[Cells, Mapping[str, TrustLevel], Callable[..., Leaderboard]]":
    """The records of a folder, the levels that it names, and what builds its tables."""
    read = begin_reading(store, workers, cache)
    from benchmark.reporting.frame import frame_of
    from benchmark.reporting.leaderboard import from_cells

    cells, trust = read(), trust_levels(store.folder)
    frame, memory = frame_of(cells, trust), Memory(cache)
    return cells, trust, partial(from_cells, store.board(), frame, memory=memory, workers=workers)


def _forget(cache: Path | None) -> None:
    if cache is not None:
        forget_unused(cache)
