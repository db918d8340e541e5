"""The leaderboard: per target with intervals and gain over the baseline, overall with mean rank."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.cards.lanes import Lane
from benchmark.leaderboard.board_statistics import board_statistics
from benchmark.leaderboard.bulk.array_files import Arrays, array_json
from benchmark.leaderboard.bulk.record_columns import RecordColumns, columns_of_records
from benchmark.leaderboard.bulk.statistics_cache import StatisticsCache
from benchmark.leaderboard.comparable import check_comparable
from benchmark.leaderboard.index import BoardIndex, EntryKey, LaneSize, Setting, baselines_of
from benchmark.leaderboard.metric_ranks import (
    MetricAgreement,
    overall_agreements,
    setting_agreements,
)
from benchmark.leaderboard.missing_cells import NO_CARDS, Sources, missing_cells
from benchmark.leaderboard.overall_table import overall_table
from benchmark.leaderboard.rows import entries_of, main_metric, rows_of_size
from benchmark.leaderboard.target_table import LEGACY, target_table
from benchmark.records.record import RunRecord
from benchmark.records.validate import Conditions
from benchmark.scoring.metrics import Metric
from benchmark.statistics.learned import nothing_learned
from benchmark.statistics.scores import Entry, TargetScores
from benchmark.workers import Workers


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

    def metric(self, target: str) -> Metric:
        """What is ranked on a target that has rows."""
        return main_metric(self.rows[self.rows["target"] == target])

    def rows_of(self, setting: Setting) -> pd.DataFrame:
        """The rows of one setting; best first."""
        on_target = self.rows[self.rows["target"] == setting.target]
        return rows_of_size(on_target, setting.lane_size)

    def baselines(self, setting: Setting) -> dict[EntryKey, EntryKey]:
        """The baseline of each entry of a setting, see `baselines_of`."""
        rows = self.rows_of(setting)
        networks = dict(zip(entries_of(rows), rows["encoder"], strict=True))
        return dict(baselines_of(networks, self.board.baseline))

    def ranked_rows(self, setting: Setting) -> pd.DataFrame:
        """The ranked rows of one setting; best first."""
        rows = self.rows_of(setting)
        return rows[rows["rank"].notna()]

    @property
    def sizes(self) -> list[LaneSize]:
        """Each lane and number of training subjects with rows; 0 for all comes first."""
        if not len(self.rows):
            return []
        known = self.rows[["lane", "train_subjects"]].drop_duplicates()
        return [
            LaneSize(lane, int(size))
            for lane in self.lanes
            for size in sorted(known.loc[known["lane"] == lane, "train_subjects"])
        ]

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes of the board. Entries of different lanes are never ranked together."""
        return self.board.lanes

    def lane_words(self, lane: Lane) -> str:
        """The lane as a part of titles, such as "lane dpt"; "" if the board has no other."""
        return f"lane {lane}" if len(self.lanes) > 1 else ""

    @property
    def over_targets(self) -> pd.DataFrame:
        """`overall` for tables; no rows if the board has one target, whose own table says it."""
        return self.overall if len(self.board.targets) > 1 else self.overall.iloc[:0]

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
        records = _without_contaminated(records)
    if not len(records):
        return Leaderboard(board, pd.DataFrame(), pd.DataFrame(), missing=missing, clean=clean)
    index = BoardIndex.of(board, records)
    scores = {setting: index.ranked_scores(setting, board.seeds) for setting in index.settings}
    unlearned = _unlearned(board, index, scores)
    learned = [target for target in board.targets if target not in unlearned]
    by_setting, by_size = board_statistics(
        board, index, scores, learned, cache or StatisticsCache(), workers or Workers(1)
    )
    rows = target_table(board, index, scores, by_setting, unlearned)
    of_board = rows[rows["target"].isin(learned)]
    overall, stability = overall_table(by_size, of_board)
    return Leaderboard(
        board,
        rows,
        overall,
        scores={setting: ranked for setting, ranked in scores.items() if ranked},
        stability=stability,
        agreement=(*setting_agreements(rows), *overall_agreements(overall, of_board)),
        unlearned=unlearned,
        notes=_claims([*by_setting.values(), *by_size.values()]),
        missing=missing,
        clean=clean,
    )


def _without_contaminated(records: RecordColumns) -> RecordColumns:
    return records.take(np.flatnonzero(records.texts["contamination"].array() == ""))


def _claims(statistics: Iterable[Arrays]) -> tuple[str, ...]:
    """What the candidates for the best are claimed to be, each text once."""
    texts = (array_json(arrays["claim"]) for arrays in statistics if "claim" in arrays)
    return tuple(dict.fromkeys(filter(None, texts)))


def _unlearned(
    board: BoardCard, index: BoardIndex, scores: Mapping[Setting, TargetScores | None]
) -> tuple[str, ...]:
    """Targets on which nothing has learned, of those with a score from 0 to 1."""
    settings: dict[str, list[tuple[TargetScores, Mapping[Entry, Entry]]]] = {}
    blank: dict[str, float] = {}
    for setting, ranked in scores.items():
        if ranked and index.metric(setting).bounds == (0.0, 1.0):
            baselines = index.baselines([setting], board.baseline)
            settings.setdefault(setting.target, []).append((ranked, baselines))
            blank[setting.target] = index.empty_prediction(setting)
    return tuple(name for name, scored in settings.items() if nothing_learned(scored, blank[name]))
