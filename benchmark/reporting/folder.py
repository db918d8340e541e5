"""The tables of a folder, from one reading of its records.

Tables need pandas and scipy, which load while other processes read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
        read = begin_reading(store, workers, cache)
        from benchmark.reporting.frame import frame_of
        from benchmark.reporting.leaderboard import from_cells

        card, memory = store.board(), Memory(cache)
        cells, trust = read(), trust_levels(store.folder)
        frame = frame_of(cells, trust)
        full = from_cells(card, frame, memory=memory, workers=workers)
        clean = replace(full, clean=True)
        if full.contaminated:
            clean = from_cells(card, frame, clean=True, memory=memory, workers=workers)
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
        read = begin_reading(store, workers, cache)
        from benchmark.reporting.frame import frame_of
        from benchmark.reporting.leaderboard import from_cells

        frame = frame_of(read(), trust_levels(store.folder))
        memory = Memory(cache)
        found = from_cells(store.board(), frame, clean=clean, memory=memory, workers=workers)
    _forget(cache)
    return found


def _forget(cache: Path | None) -> None:
    if cache is not None:
        forget_unused(cache)
