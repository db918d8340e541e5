"""The leaderboard: per target with intervals and gain over the baseline, overall with mean rank."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.cards.lanes import Lane
from benchmark.leaderboard.bulk.array_files import Arrays, array_json
from benchmark.leaderboard.bulk.record_columns import RecordColumns, columns_of_records
from benchmark.leaderboard.bulk.setting_statistics import (
    SettingTask,
    SizeTask,
    statistics_of,
)
from benchmark.leaderboard.bulk.statistics_cache import StatisticsCache
from benchmark.leaderboard.comparable import check_comparable
from benchmark.leaderboard.index import BoardIndex, LaneSize, Setting
from benchmark.leaderboard.metric_ranks import (
    MetricAgreement,
    overall_agreements,
    overall_metric_ranks,
    setting_agreements,
)
from benchmark.leaderboard.missing_cells import NO_CARDS, Sources, missing_cells
from benchmark.leaderboard.overall_table import overall_table, size_tasks, with_marks
from benchmark.leaderboard.target_table import target_table, unranked_entries
from benchmark.records.record import RunRecord
from benchmark.records.validate import Conditions
from benchmark.statistics.learned import nothing_learned
from benchmark.statistics.scores import Entry, TargetScores, stack_runs
from benchmark.workers import Workers

LEGACY = "leaking split"  # mark of every row of a `legacy` board
FAILED = "failed cells"  # mark of a row with cells whose training diverged
Key: TypeAlias = Setting | LaneSize
WORTH_PROCESSES = 10**8  # work of a second or two


@dataclass(frozen=True)
class Leaderboard:
    """Everything that the tables show. Missing numbers are None, never filled in.

    Attributes:
        board: Its card.
        rows: One row per setting, source and strategy; best first.
        overall: One row per lane, number of training subjects, source and strategy; best first.
        scores: Complete ranked scores of each setting.
        stability: Kendall's tau of each overall ranking and its redraws; None where nothing is
            ranked.
        agreement: How much the order depends on the metric, per setting and over all targets.
        unlearned: Targets on which nothing has learned, see `nothing_learned`: without ranks, and
            left out of those over all targets and of domain versus task.
        notes: What is in group a with 95 % confidence: "the best method", for example.
        missing: Cells of the board without a record.
        clean: Whether contaminated cells were left out.
    """

    board: BoardCard
    rows: pd.DataFrame
    overall: pd.DataFrame
    scores: Mapping[Setting, TargetScores] = field(default_factory=dict)
    stability: Mapping[LaneSize, float | None] = field(default_factory=dict)
    agreement: tuple[MetricAgreement, ...] = ()
    unlearned: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    clean: bool = False

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes of the board. Entries of different lanes are never ranked together."""
        return self.board.lanes

    def lane_words(self, lane: Lane) -> str:
        """The lane as a part of titles, such as "lane dpt"; "" if the board has no other."""
        return f"lane {lane}" if len(self.lanes) > 1 else ""

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
    board: BoardCard,
    records: Iterable[RunRecord],
    *,
    clean: bool = False,
    sources: Sources = NO_CARDS,
) -> Leaderboard:
    """Build the tables of a board from its records.

    Args:
        board: Its card.
        records: Finished cells.
        clean: Leave out cells whose pretraining data contain some of the target's data.
        sources: Cards of the sources, see `missing_cells`.

    Raises:
        RecordError: Records contradict themselves or each other.
    """
    columns = columns_of_records(records, Conditions.of(board))
    return build_from_columns(board, columns, clean=clean, sources=sources)


def build_from_columns(
    board: BoardCard,
    records: RecordColumns,
    *,
    clean: bool = False,
    cache: StatisticsCache | None = None,
    workers: Workers | None = None,
    sources: Sources = NO_CARDS,
) -> Leaderboard:
    """As `build_leaderboard`, from records as columns.

    Args:
        board: Its card.
        records: Finished cells.
        clean: Leave out cells whose pretraining data contain some of the target's data.
        cache: Statistics computed before.
        workers: Processes that compute statistics; None computes in this process.
        sources: Cards of the sources, see `missing_cells`.

    Raises:
        RecordError: Two records are of one cell, or those of one target cannot be compared.
    """
    if len(records):
        check_comparable(records)
    missing = missing_cells(board, records, sources)
    if clean and len(records):
        contamination = records.texts["contamination"].array()
        records = records.take(np.flatnonzero(contamination == ""))
    if not len(records):
        return Leaderboard(board, pd.DataFrame(), pd.DataFrame(), missing=missing, clean=clean)
    index = BoardIndex.of(board, records)
    scores = {setting: index.ranked_scores(setting, board.seeds) for setting in index.settings}
    unlearned = _unlearned(board, index, scores)
    learned = [target for target in board.targets if target not in unlearned]
    sizes = size_tasks(board, index, scores, learned)
    settings = {setting: _setting_task(board, index, setting, own)
                for setting, own in scores.items()}  # fmt: skip
    statistics = dict(
        _statistics(settings, sizes, cache or StatisticsCache(), workers or Workers(1))
    )
    by_setting = {setting: statistics[setting] for setting in settings}
    ranked = {setting: own for setting, own in scores.items() if own}
    rows = target_table(board, index, scores, by_setting, unlearned)
    overall, stability = overall_table({size: statistics[size] for size in sizes})
    rows["marks"] = [
        ", ".join(filter(None, (mark, FAILED * bool(failed), LEGACY * board.legacy)))
        for mark, failed in zip(rows["marks"], rows["failed_cells"], strict=True)
    ]
    agreement = [*setting_agreements(rows)]
    if len(overall):
        of_board = rows[rows["target"].isin(learned)]
        overall = with_marks(overall, of_board).join(overall_metric_ranks(overall, of_board))
        agreement += overall_agreements(overall, of_board)
    claims = dict.fromkeys(
        claim for arrays in statistics.values() if "claim" in arrays
        if (claim := str(array_json(arrays["claim"])))
    )  # fmt: skip
    return Leaderboard(
        board, rows, overall, ranked, stability, tuple(agreement), unlearned, tuple(claims),
        missing, clean,
    )  # fmt: skip


def _unlearned(
    board: BoardCard, index: BoardIndex, scores: Mapping[Setting, TargetScores | None]
) -> tuple[str, ...]:
    """Targets on which nothing has learned, of those with a score from 0 to 1."""
    settings: dict[str, list[tuple[TargetScores, Mapping[Entry, Entry]]]] = {}
    blank: dict[str, float] = {}
    for setting, own in scores.items():
        if own and index.metric(setting).bounds == (0.0, 1.0):
            baselines = index.baselines([setting], board.baseline)
            settings.setdefault(setting.target, []).append((own, baselines))
            blank[setting.target] = index.empty_prediction(setting)
    return tuple(name for name, own in settings.items() if nothing_learned(own, blank[name]))


def _setting_task(
    board: BoardCard, index: BoardIndex, setting: Setting, scores: TargetScores | None
) -> SettingTask:
    complete = scores or stack_runs(setting.target, {}, board.seeds)
    baselines = index.baselines([setting], board.baseline)
    others = unranked_entries(index, setting, scores).values()
    entries = set(complete.entries)
    return SettingTask(
        complete,
        {entry: baseline for entry, baseline in baselines.items() if entry in entries},
        (0.0, index.metric(setting).bounds[1]),
        tuple(own for own in others if own is not None),
        index.shared_scores(
            setting,
            [pair for pair in baselines.items() if pair[0] != pair[1] and not {*pair} <= entries],
        ),
    )


def _statistics(
    settings: Mapping[Setting, SettingTask],
    sizes: Mapping[LaneSize, SizeTask],
    cache: StatisticsCache,
    workers: Workers,
) -> Iterator[tuple[Key, Arrays]]:
    """Statistics of all tasks by their keys, which other processes begin to compute at once.

    Settings of one lane and number of training subjects share their draws and are computed
    together, unless there are too few of these to keep all cores busy.
    """
    together = len(sizes) >= 4 * workers.jobs
    tasks: list[tuple[Key, SettingTask | SizeTask]] = [*settings.items(), *sizes.items()]
    bundles: dict[Key, list[tuple[Key, SettingTask | SizeTask]]] = {}
    for key, task in tasks:
        size = LaneSize(key.lane, key.train_subjects)
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
