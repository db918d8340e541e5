"""The tables of a folder, from one reading of its records.

Tables need pandas and scipy, which load while other processes read.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import CardError, unknown_name
from benchmark.leaderboard.bulk.read_records import begin_reading
from benchmark.leaderboard.bulk.record_columns import RecordColumns
from benchmark.leaderboard.bulk.statistics_cache import StatisticsCache, delete_unused
from benchmark.leaderboard.missing_cells import NO_CARDS, Sources
from benchmark.records.store import Store
from benchmark.records.trust import trust_levels
from benchmark.workers import Workers
from benchmark.workspace import Workspace

if TYPE_CHECKING:
    from benchmark.leaderboard.build import Leaderboard


def find_leaderboard(name: str | Path, workspace: Workspace) -> Store:
    """The leaderboard folder of that path, below `runs/`, or of the shipped board.

    Raises:
        CardError: There is none of that name.
    """
    return Store(workspace.leaderboard_folder(name))


def load_leaderboard(
    name: str | Path, workspace: Workspace, *, clean: bool = False
) -> "Leaderboard":
    """The tables of a leaderboard.

    `rows` is a DataFrame with one row per target, lane, number of training subjects, source and
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
    cache, sources = workspace.table_cache, workspace.registry.sources_of(store.board())
    return read_leaderboard(store, clean=clean, cache=cache, sources=sources)


@dataclass(frozen=True)
class FolderTables:
    """The tables of one folder.

    Attributes:
        full: Of all records.
        clean: Without contaminated cells.
        records: The records, with their trust levels.
    """

    full: "Leaderboard"
    clean: "Leaderboard"
    records: RecordColumns


def read_folder(
    store: Store, cache: Path | None = None, sources: Sources = NO_CARDS
) -> FolderTables:
    """Build the tables of a folder with and without contaminated cells.

    Args:
        store: The folder.
        cache: As for `read_leaderboard`.
        sources: Likewise.

    Raises:
        RecordError: As `read_leaderboard`.
    """
    with Workers(initialise=gc.disable) as workers:
        records, build = _read(store, cache, workers, sources)
        full = build()
        clean = build(clean=True) if full.contaminated else replace(full, clean=True)
    delete_unused(cache)
    return FolderTables(full, clean, records)


def read_leaderboard(
    store: Store,
    *,
    clean: bool = False,
    cache: Path | None = None,
    sources: Sources = NO_CARDS,
) -> "Leaderboard":
    """Build the tables of a folder, on all cores if it is large.

    Args:
        store: The folder.
        clean: Leave out cells whose pretraining data contain some of the target's data.
        cache: The user's cache folder, in which records and statistics are kept for the next
            time; None keeps nothing.
        sources: Cards of the sources, see `missing_cells`.

    Raises:
        RecordError: Records are damaged, not the board's, or contradict each other.
    """
    with Workers(initialise=gc.disable) as workers:
        _, build = _read(store, cache, workers, sources)
        leaderboard = build(clean=clean)
    delete_unused(cache)
    return leaderboard


def of_target(board: "Leaderboard", target: str) -> "Leaderboard":
    """The tables of one target; those over all targets are left out.

    Raises:
        CardError: The leaderboard has no record of this target.
    """
    known = dict.fromkeys(board.rows["target"]) if len(board.rows) else ()
    if target not in known:
        raise CardError(unknown_name("target with records", target, known))
    return replace(
        board,
        rows=board.rows[board.rows["target"] == target],
        overall=board.overall.iloc[:0],
        scores={key: scores for key, scores in board.scores.items() if key.target == target},
        stability={},
        agreement=tuple(agreement for agreement in board.agreement if agreement.target == target),
        unlearned=tuple(name for name in board.unlearned if name == target),
        missing=tuple(path for path in board.missing if path.startswith(f"{target}/")),
    )


def _read(
    store: Store, cache: Path | None, workers: Workers, sources: Sources
) -> "tuple[RecordColumns, Callable[..., Leaderboard]]":
    """The records of a folder, and the function that builds its tables."""
    finish = begin_reading(store, workers, cache)
    from benchmark.leaderboard.build import build_from_columns  # pandas loads while they read

    records = finish().with_trust(trust_levels(store.folder))
    statistics = StatisticsCache(cache)
    build = partial(build_from_columns, store.board(), records, cache=statistics,
                    workers=workers, sources=sources)  # fmt: skip
    return records, build
