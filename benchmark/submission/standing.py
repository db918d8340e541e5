"""Where a submission stands: its rows in their tie groups, with gains over scratch and ImageNet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.leaderboard.build import Leaderboard, build_leaderboard
from benchmark.records.record import RunRecord
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.gains import target_gains
from benchmark.statistics.tie_groups import letter
from benchmark.views.text import format_estimate, format_interval


@dataclass(frozen=True)
class Placement:
    """One row of the submission among all rows of its target. Absent texts are "-".

    Attributes:
        target: Which.
        entry: Strategy and number of training subjects.
        rank: Rank of how many, with its interval.
        group: Letter of the tie group, and who else is in it.
        score: Mean of the main metric with its interval.
        over_baseline: Gain over the board's baseline on the same network, and which it is.
        over_imagenet: Gain over the best other source of natural-image classification on the same
            network, and which it is.
    """

    target: str
    entry: str
    rank: str
    group: str
    score: str
    over_baseline: str
    over_imagenet: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The placement as a row of text."""
        return (self.target, self.entry, self.rank, self.group, self.score, self.over_baseline,
                self.over_imagenet)  # fmt: skip


def leaderboard_with(
    board: BoardCard, records: Mapping[str, RunRecord], accepted: Iterable[RunRecord]
) -> Leaderboard:
    """The board's tables with these records among the accepted ones.

    Raises:
        RecordError: They cannot be compared.
    """
    others = [record for record in accepted if record.cell.path not in records]
    return build_leaderboard(board, [*others, *records.values()])


def placements(board: Leaderboard, source: str) -> list[Placement]:
    """The rows of one source."""
    if not len(board.rows):
        return []
    own = board.rows[board.rows["source"] == source]
    return [_placement(board, row) for _, row in own.iterrows()]


def _placement(board: Leaderboard, row: "pd.Series[Any]") -> Placement:
    same = (board.rows["target"] == row["target"]) & (
        board.rows["train_subjects"] == row["train_subjects"]
    )
    rows = board.rows[same]
    metric = METRICS[str(row["main_metric"])]
    size = f"n{row['train_subjects']}" if row["train_subjects"] else "all subjects"
    ranked = rows[rows["rank"].notna()]
    place = rank = "-"
    if row["rank"] is not None and not pd.isna(row["rank"]):
        rank = format_interval(row["rank"], row["rank_low"], row["rank_high"], ".3g")
        rank += f" of {len(ranked)}"
        place = _group(row, ranked)
    return Placement(
        str(row["target"]),
        f"{row['strategy']}, {size}",
        rank,
        place,
        f"{metric.title} {format_interval(row['score'], row['low'], row['high'], '.3f')}",
        _over_baseline(board, row),
        _over_imagenet(board, row, rows),
    )


def _over_baseline(board: Leaderboard, row: "pd.Series[Any]") -> str:
    gain = format_interval(row["gain"], row["gain_low"], row["gain_high"], "+.3f")
    if gain == "-":
        return str(row["gain_note"]) or "no baseline to compare with"
    return f"{gain} over {board.board.baseline}"


def _group(row: "pd.Series[Any]", ranked: pd.DataFrame) -> str:
    mates = ranked[ranked["group"] == row["group"]]
    names = [
        str(mate["source"]) + (f"/{mate['strategy']}" if mate["source"] == row["source"] else "")
        for _, mate in mates.iterrows()
        if (mate["source"], mate["strategy"]) != (row["source"], row["strategy"])
    ]
    return f"{letter(int(row['group']))}: with {', '.join(names) or 'nobody'}"


def _over_imagenet(board: Leaderboard, row: "pd.Series[Any]", rows: pd.DataFrame) -> str:
    """Paired gain over the best natural-image classification on the same network."""
    others = rows[
        (rows["domain"] == "natural")
        & (rows["task"] == "classification")
        & (rows["strategy"] == row["strategy"])
        & (rows["encoder"] == row["encoder"])
        & (rows["source"] != row["source"])
        & rows["rank"].notna()
    ]
    scores = board.scores.get((str(row["target"]), int(row["train_subjects"])))
    own, found = (str(row["source"]), str(row["strategy"])), None
    if len(others) and scores is not None and own in scores.entries:
        best = str(others["source"].iloc[0])
        found = target_gains(scores, {own: (best, own[1])})[own].gain
    if found is None:
        return "no ImageNet entry to compare with"
    return f"{format_estimate(found, '+.3f')} over {best}"
