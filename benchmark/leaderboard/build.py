"""The leaderboard: per target with intervals and gain over the baseline, overall with mean rank."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.errors import RecordError
from benchmark.leaderboard.bulk.array_files import Arrays
from benchmark.leaderboard.bulk.record_columns import RecordColumns, columns_of_records
from benchmark.leaderboard.bulk.setting_statistics import (
    SettingTask,
    SizeTask,
    pairs_of,
    statistics_of,
)
from benchmark.leaderboard.bulk.statistics_cache import StatisticsCache
from benchmark.leaderboard.index import BoardIndex, Setting
from benchmark.leaderboard.overall_table import overall_table, size_tasks, with_marks
from benchmark.leaderboard.target_table import target_table, unranked_entries
from benchmark.records.record import RunRecord, cell_path
from benchmark.statistics.scores import TargetScores, stack_runs
from benchmark.statistics.tie_groups import tie_groups
from benchmark.workers import Workers

LEGACY = "leaking split"  # mark of every row of a `legacy` board
WORTH_PROCESSES = 10**8  # work of a second or two
COMPARABLE = (  # for all records with the same first column, the second is the same
    ("target", "data", "data"),
    ("target", "splits", "splits"),
    ("target", "target_card", "target cards"),
    ("target", "main_metric", "main metrics"),
    ("source", "source_card", "source cards"),
    ("source", "weights", "weights"),
)


@dataclass(frozen=True)
class Leaderboard:
    """Everything that the tables show. Missing numbers are None, never filled in.

    Attributes:
        board: Its card.
        rows: One row per target, number of training subjects, source and strategy; best first.
        overall: One row per number of training subjects, source and strategy; best first.
        scores: Complete ranked scores of each target and number of training subjects.
        stability: Per number of training subjects, Kendall's tau of the overall ranking and its
            redraws; None where nothing is ranked.
        notes: Notes on tie groups and intervals.
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
        """Warning in every heading, such as `SYNTHETIC`; may be empty."""
        warnings = {"SYNTHETIC": self.synthetic, LEGACY.upper(): self.board.legacy}
        return ", ".join(text for text, applies in warnings.items() if applies)

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
        clean: Leave out cells whose pretraining data contain some of the target's data.

    Raises:
        RecordError: Records contradict themselves or each other.
    """
    return build_from_columns(board, columns_of_records(records), clean=clean)


def build_from_columns(
    board: BoardCard,
    records: RecordColumns,
    *,
    clean: bool = False,
    cache: StatisticsCache | None = None,
    workers: Workers | None = None,
) -> Leaderboard:
    """As `build_leaderboard`, from records as columns.

    Args:
        board: Its card.
        records: Finished cells.
        clean: Leave out cells whose pretraining data contain some of the target's data.
        cache: Statistics computed before.
        workers: Processes that compute statistics; None computes in this process.

    Raises:
        RecordError: Two records are of one cell, or those of one target cannot be compared.
    """
    if len(records):
        _check_comparable(records)
    missing = _missing(board, records)
    if clean and len(records):
        contamination = records.texts["contamination"].array()
        records = records.take(np.flatnonzero(contamination == ""))
    if not len(records):
        return Leaderboard(board, pd.DataFrame(), pd.DataFrame(), missing=missing, clean=clean)
    index = BoardIndex.of(board, records)
    scores = {setting: index.ranked_scores(setting, board.seeds) for setting in index.settings}
    sizes = size_tasks(board, index, scores)
    settings = {setting: _setting_task(board, index, setting, own)
                for setting, own in scores.items()}  # fmt: skip
    statistics = dict(
        _statistics(settings, sizes, cache or StatisticsCache(), workers or Workers(1))
    )
    by_setting = {setting: statistics[setting] for setting in settings}
    ranked = {setting: own for setting, own in scores.items() if own}
    pairs = {setting: pairs_of(by_setting[setting], own.entries)
             for setting, own in ranked.items() if own.entries}  # fmt: skip
    groups = dict(zip(pairs, tie_groups(list(pairs.values())), strict=True))
    rows = target_table(board, index, scores, by_setting, groups)
    overall, stability, overall_groups = overall_table({size: statistics[size] for size in sizes})
    if board.legacy:
        rows["marks"] = [", ".join(filter(None, (mark, LEGACY))) for mark in rows["marks"]]
    if len(overall):
        overall = with_marks(overall, rows[rows["target"].isin(board.targets)])
    notes = dict.fromkeys(
        note
        for own in (*groups.values(), *overall_groups)
        for note in (own.claim, own.note)
        if note
    )
    return Leaderboard(board, rows, overall, ranked, stability, tuple(notes), missing, clean)


def _setting_task(
    board: BoardCard, index: BoardIndex, setting: Setting, scores: TargetScores | None
) -> SettingTask:
    complete = scores or stack_runs(setting[0], {}, board.seeds)
    baselines = index.baselines([setting], board.baseline)
    others = unranked_entries(index, setting, scores).values()
    entries = set(complete.entries)
    return SettingTask(
        complete,
        {entry: baseline for entry, baseline in baselines.items() if entry in entries},
        (0.0, index.metric(setting).bounds[1]),
        tuple(own for own in others if own is not None),
    )


def _statistics(
    settings: Mapping[Setting, SettingTask],
    sizes: Mapping[int, SizeTask],
    cache: StatisticsCache,
    workers: Workers,
) -> Iterator[tuple[Setting | int, Arrays]]:
    """Statistics of all tasks by their keys, which other processes begin to compute at once.

    Settings with one number of training subjects share their draws and are computed together,
    unless there are too few such numbers to keep all cores busy.
    """
    together = len(sizes) >= 4 * workers.jobs
    tasks: list[tuple[Setting | int, SettingTask | SizeTask]] = [*settings.items(), *sizes.items()]
    bundles: dict[object, list[tuple[Setting | int, SettingTask | SizeTask]]] = {}
    for key, task in tasks:
        size = key[1] if isinstance(key, tuple) else key
        bundles.setdefault(size if together else key, []).append((key, task))
    parallel = sum(_work(task) for task in settings.values()) > WORTH_PROCESSES
    todo = [[task for _, task in bundle] for bundle in bundles.values()]
    results = cache.get_or_compute(statistics_of, todo, workers, parallel=parallel)
    return (
        (key, arrays)
        for bundle, computed in zip(bundles.values(), results, strict=True)
        for (key, _), arrays in zip(bundle, computed, strict=True)
    )


def _work(task: SettingTask) -> int:
    """How much there is to compute, in scores of pairs and redraws."""
    entries, scores = len(task.scores.entries), task.scores.values[:1].size
    return entries * (entries * scores + 20_000) + len(task.others) * 10_000


def _missing(board: BoardCard, records: RecordColumns) -> tuple[str, ...]:
    paths = records.texts["path"].array()
    ranked = set(paths[records.texts["unranked"].array() == ""])
    cells = (
        cell_path(target, source, strategy, size, seed)
        for target, source in product(
            board.targets, dict.fromkeys([*board.sources, *records.texts["source"].tolist()])
        )
        for strategy, size, seed in product(
            board.strategies_for(source), board.train_subjects, board.seeds
        )
    )
    return tuple(path for path in cells if path not in ranked)


def _check_comparable(records: RecordColumns) -> None:
    paths = records.texts["path"]
    _, first = np.unique(paths.codes, return_index=True)
    if len(first) < len(records):
        twice = np.setdiff1d(np.arange(len(records)), first)[0]
        raise RecordError(
            f"{paths.values[paths.codes[twice]]}: two records of one cell; delete one"
        )
    for same, column, title in COMPARABLE:
        _, first, group = np.unique(
            records.texts[same].codes, return_index=True, return_inverse=True
        )
        codes = records.texts[column].codes
        different = np.flatnonzero(codes != codes[first[group]])
        if len(different):
            row = different[0]
            a, b = (paths.values[paths.codes[k]] for k in (row, first[group[row]]))
            raise RecordError(
                f"{a} and {b} were made from different {title}; they cannot be compared, run one "
                "of them again"
            )
