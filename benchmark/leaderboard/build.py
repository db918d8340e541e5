"""The leaderboard: per target with intervals and gain over the baseline, overall with mean rank."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.errors import RecordError
from benchmark.leaderboard.index import BoardIndex, Setting
from benchmark.leaderboard.overall_table import overall_table, size_tasks, with_marks
from benchmark.leaderboard.record_frame import record_frame
from benchmark.leaderboard.records_cache import Arrays
from benchmark.leaderboard.setting_statistics import SettingTask, SizeTask, pairs_of, statistics_of
from benchmark.leaderboard.statistics_cache import StatisticsCache
from benchmark.leaderboard.target_table import entry_facts, setting_rows, unranked
from benchmark.records.record import RunRecord, cell_path
from benchmark.statistics.scores import TargetScores, stack_runs
from benchmark.statistics.tie_groups import tie_groups
from benchmark.workers import Workers

LEGACY = "leaking split"  # the mark of every row of a `legacy` board
WORTH = 10**8  # work of a second or two
COMPARABLE = (
    ("target", "data", "data"),
    ("target", "splits", "splits"),
    ("target", "target cards", "target_card"),
    ("target", "main metrics", "main_metric"),
    ("source", "source cards", "source_card"),
    ("source", "weights", "weights"),
)


@dataclass(frozen=True)
class Leaderboard:
    """Everything a table shows. Absent numbers are None, never filled in.

    Attributes:
        board: Its card.
        rows: One row per target, number of training subjects, source and strategy; best first.
        overall: One row per number of training subjects, source and strategy; best first.
        scores: Complete ranked scores of each target and number of training subjects.
        stability: Per number of training subjects, Kendall's tau of the overall ranking and its
            redraws; None where nothing is ranked.
        notes: What a reader must know of the groups and intervals.
        missing: Cells of the board without a record.
        clean: Whether contaminated cells were left out.
    """

    board: BoardCard
    rows: pd.DataFrame
    overall: pd.DataFrame
    scores: Mapping[Setting, TargetScores] = field(default_factory=dict)
    stability: Mapping[int, float | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    clean: bool = False

    @property
    def synthetic(self) -> bool:
        """Whether every row is synthetic."""
        return bool(len(self.rows)) and all("synthetic" in marks for marks in self.rows["marks"])

    @property
    def caution(self) -> str:
        """What every heading says, such as `SYNTHETIC`; may be empty."""
        said = {"SYNTHETIC": self.synthetic, LEGACY.upper(): self.board.legacy}
        return ", ".join(text for text, holds in said.items() if holds)

    @property
    def contaminated(self) -> bool:
        """Whether any row is contaminated, so that the clean ranking differs."""
        return bool(len(self.rows)) and any(self.rows["contamination"])


def build_leaderboard(
    board: BoardCard, records: Iterable[RunRecord], *, clean: bool = False
) -> Leaderboard:
    """Build the tables of a board from its records.

    Args:
        board: Its card.
        records: Finished cells.
        clean: Leave out cells whose source saw something of the target's data.

    Raises:
        RecordError: Records contradict themselves or each other.
    """
    return build_from_columns(board, record_frame(records), clean=clean)


def build_from_columns(
    board: BoardCard,
    cells: pd.DataFrame,
    *,
    clean: bool = False,
    memory: StatisticsCache | None = None,
    workers: Workers | None = None,
) -> Leaderboard:
    """As `build_leaderboard`, from the rows of `cell_frame`.

    Args:
        board: Its card.
        cells: Finished cells.
        clean: Leave out cells whose source saw something of the target's data.
        memory: Where statistics are found again.
        workers: Who computes them; None is this process alone.

    Raises:
        RecordError: Two records are of one cell, or those of one target cannot be compared.
    """
    every = cells
    if len(cells):
        _check_comparable(cells)
    if clean and len(cells):
        cells = cells[cells["contamination"] == ""]
    if not len(cells):
        missing = _missing(board, every)
        return Leaderboard(board, pd.DataFrame(), pd.DataFrame(), missing=missing, clean=clean)
    grid = BoardIndex.of(board, cells)
    scores = {place: grid.scores(place, board.seeds) for place in grid.places}
    sizes = size_tasks(board, grid, scores)
    places = {place: _place_task(board, grid, place, one) for place, one in scores.items()}
    begun = _statistics(places, sizes, memory or StatisticsCache(), workers or Workers(1))
    missing, facts = _missing(board, every), entry_facts(board, grid)
    done = dict(begun)
    found = {place: done[place] for place in places}
    whole = {size: done[size] for size in sizes}
    ranked = {place: one for place, one in scores.items() if one}
    pairs = {
        place: pairs_of(found[place], one.entries) for place, one in ranked.items() if one.entries
    }
    groups = dict(zip(pairs, tie_groups(list(pairs.values())), strict=True))
    rows = setting_rows(facts, grid, scores, found, groups)
    overall, stability, joint = overall_table(whole)
    notes = dict.fromkeys(
        note for one in (*groups.values(), *joint) for note in (one.claim, one.note) if note
    )
    if board.legacy:
        rows["marks"] = [", ".join(filter(None, (mark, LEGACY))) for mark in rows["marks"]]
    if len(overall):
        overall = with_marks(overall, rows[rows["target"].isin(board.targets)])
    return Leaderboard(board, rows, overall, ranked, stability, tuple(notes), missing, clean)


def _place_task(
    board: BoardCard, grid: BoardIndex, place: Setting, scores: TargetScores | None
) -> SettingTask:
    known = scores or stack_runs(place[0], {}, board.seeds)
    complete = set(known.entries)
    baselines = grid.baselines([place], board.baseline)
    others = unranked(grid, place, scores).values()
    return SettingTask(
        known,
        {entry: base for entry, base in baselines.items() if entry in complete},
        grid.metric(place).bounds,
        tuple(own for own in others if own is not None),
    )


def _statistics(
    places: Mapping[Setting, SettingTask],
    sizes: Mapping[int, SizeTask],
    memory: StatisticsCache,
    workers: Workers,
) -> Iterator[tuple[Setting | int, Arrays]]:
    """Statistics of all tasks by their keys, which other processes begin to compute at once.

    Those of one number of training subjects share their draws; where there are few such numbers,
    all cores at work are quicker.
    """
    together = len(sizes) >= 4 * workers.jobs
    tasks: list[tuple[Setting | int, SettingTask | SizeTask]] = [*places.items(), *sizes.items()]
    bundles: dict[object, list[tuple[Setting | int, SettingTask | SizeTask]]] = {}
    for key, task in tasks:
        size = key[1] if isinstance(key, tuple) else key
        bundles.setdefault(size if together else key, []).append((key, task))
    todo = [[task for _, task in some] for some in bundles.values()]
    parallel = sum(_work(one) for one in places.values()) > WORTH
    found = memory.get_or_compute(statistics_of, todo, workers, parallel=parallel)
    return (
        (key, one)
        for some, done in zip(bundles.values(), found, strict=True)
        for (key, _), one in zip(some, done, strict=True)
    )


def _work(task: SettingTask) -> int:
    """How much there is to compute, in scores of pairs and redraws."""
    entries, one = len(task.scores.entries), task.scores.values[:1].size
    return entries * (entries * one + 20_000) + len(task.others) * 10_000


def _missing(board: BoardCard, cells: pd.DataFrame) -> tuple[str, ...]:
    have = set(cells.loc[cells["unranked"] == "", "path"]) if len(cells) else set()
    sources = dict.fromkeys([*board.sources, *(cells["source"].unique() if len(cells) else ())])
    grid = (
        cell_path(target, source, *place)
        for target, source in product(board.targets, sources)
        for place in product(board.strategies_for(source), board.train_subjects, board.seeds)
    )
    return tuple(path for path in grid if path not in have)


def _check_comparable(cells: pd.DataFrame) -> None:
    twice = cells["path"].duplicated()
    if twice.any():
        raise RecordError(f"{cells['path'][twice].iloc[0]}: two records of one cell; delete one")
    for of, what, column in COMPARABLE:
        pairs = set(zip(cells[of].tolist(), cells[column].tolist(), strict=True))
        if len(pairs) == len({name for name, _ in pairs}):
            continue
        first = cells.groupby(of, sort=False)[["path", column]].transform("first")
        odd = cells[column] != first[column]
        raise RecordError(
            f"{cells['path'][odd].iloc[0]} and {first['path'][odd].iloc[0]} were made from "
            f"different {what}; they cannot be compared, run one of them again"
        )
