"""The tables of a folder, from one reading of its records.

Tables need pandas and scipy, which load while other processes read.
"""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.leaderboard.read_records import begin_reading
from benchmark.leaderboard.record_columns import RecordColumns
from benchmark.leaderboard.statistics_cache import StatisticsCache, forget_unused
from benchmark.records.store import Store
from benchmark.records.trust import TrustLevel, trust_levels
from benchmark.workers import Workers
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.leaderboard.build import Leaderboard


def find_leaderboard(name: str | Path, workspace: Workspace) -> Store:
    """The leaderboard folder of that path, below `runs/`, or of the shipped board.

    Raises:
        CardError: There is none of that name.
    """
    for folder in (Path(name), Path("runs") / name):
        if (folder / "board.yaml").is_file():
            return Store(folder)
    return Store(workspace.registry.folders[workspace.registry.board(str(name)).id])


def load_leaderboard(
    name: str | Path, workspace: Workspace, *, clean: bool = False
) -> "Leaderboard":
    """The tables of a leaderboard.

    `rows` is a DataFrame with one row per target, number of training subjects, source and
    strategy; `overall` one with the mean ranks over all targets.

    Args:
        name: A leaderboard folder, a folder below `runs/`, or the id of a shipped board.
        workspace: All cards, and the cache of what was read before.
        clean: Leave out cells whose source was pretrained on the target's data.

    Raises:
        CardError: There is no leaderboard of that name.
        RecordError: A record is damaged or not the board's.
    """
    store = find_leaderboard(name, workspace)
    return read_leaderboard(store, clean=clean, cache=workspace.table_cache)


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
    cells: RecordColumns
    trust: Mapping[str, TrustLevel]


def read_boards(store: Store, cache: Path | None = None) -> Boards:
    """Build the tables of a folder with and without contaminated cells.

    Args:
        store: The folder.
        cache: As for `read_leaderboard`.

    Raises:
        RecordError: As `read_leaderboard`.
    """
    with Workers(initialise=gc.disable) as workers:
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
    with Workers(initialise=gc.disable) as workers:
        _, _, build = _read(store, cache, workers)
        found = build(clean=clean)
    _forget(cache)
    return found


def _read(
    store: Store, cache: Path | None, workers: Workers
) -> "tuple[RecordColumns, Mapping[str, TrustLevel], Callable[..., Leaderboard]]":
    """The records of a folder, the levels that it names, and what builds its tables."""
    read = begin_reading(store, workers, cache)
    from benchmark.leaderboard.build import build_from_columns
    from benchmark.leaderboard.record_frame import frame_of_columns

    cells, trust = read(), trust_levels(store.folder)
    frame, memory = frame_of_columns(cells, trust), StatisticsCache(cache)
    return (
        cells,
        trust,
        partial(build_from_columns, store.board(), frame, memory=memory, workers=workers),
    )


def _forget(cache: Path | None) -> None:
    if cache is not None:
        forget_unused(cache)
