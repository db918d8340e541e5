"""The rows of a submission among the others, with gains over the baseline and ImageNet."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import Setting
from benchmark.records.trust import TrustLevel
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.candidates import LETTER
from benchmark.statistics.gains import target_gains
from benchmark.statistics.scores import TargetScores
from benchmark.views.text import MISSING, format_estimate, format_interval

HEADS = ("target", "entry", "rank [95 %]", "best", "score [95 %]", "gain [95 %]",
         "gain over ImageNet [95 %]")  # fmt: skip


class Placement(NamedTuple):
    """One row of the submission among all rows of its target, as text; absent values are "-".

    Attributes:
        target: Id of the target.
        entry: Strategy, lane if the board has several, and number of training subjects.
        rank: Rank with its interval, and the number of ranked rows.
        group: Whether it is a candidate for the best, and the other candidates.
        score: Mean of the main metric with its interval.
        over_baseline: Gain over the board's baseline on the same network, and the baseline.
        over_imagenet: Gain over the best other source of natural-image classification on the same
            network, and that source.
    """

    target: str
    entry: str
    rank: str
    group: str
    score: str
    over_baseline: str
    over_imagenet: str


@dataclass
class Standing:
    """Trust level of each record, and the tables with the submission's rows among the others."""

    levels: dict[str, TrustLevel] = field(default_factory=dict)
    leaderboard: Leaderboard | None = None
    placements: list[Placement] = field(default_factory=list)


def placements(leaderboard: Leaderboard, source: str) -> list[Placement]:
    """The rows of one source."""
    rows = leaderboard.rows
    if not len(rows):
        return []
    return [_placement(leaderboard, row) for _, row in rows[rows["source"] == source].iterrows()]


def _placement(leaderboard: Leaderboard, row: "pd.Series[Any]") -> Placement:
    setting = Setting(row["target"], row["lane"], int(row["train_subjects"]))
    ranked, baselines = leaderboard.ranked_rows(setting), leaderboard.baselines(setting)
    size = f"n{row['train_subjects']}" if row["train_subjects"] else "all subjects"
    rank = format_interval(row["rank"], row["rank_low"], row["rank_high"], ".3g")
    score = format_interval(row["score"], row["low"], row["high"], ".3f")
    gain = format_interval(row["gain"], row["gain_low"], row["gain_high"], "+.3f")
    return Placement(
        target=str(row["target"]),
        entry=", ".join(filter(None, (row["strategy"], leaderboard.lane_words(row["lane"]), size))),
        rank=MISSING if rank == MISSING else f"{rank} of {len(ranked)}",
        group=MISSING if rank == MISSING else _group(row, ranked),
        score=f"{METRICS[str(row['main_metric'])].title} {score}",
        over_baseline=f"{gain} over {baselines[row['source'], row['strategy']][0]}"
        if gain != MISSING
        else str(row["gain_note"]) or "no baseline to compare with",
        over_imagenet=_over_imagenet(leaderboard.scores.get(setting), row, ranked),
    )


def _group(row: "pd.Series[Any]", ranked: pd.DataFrame) -> str:
    """Whether a row is a candidate for the best, and the other candidates."""
    members = ranked[ranked["group"].notna()].drop(index=row.name, errors="ignore")
    names = [
        f"{source}/{strategy}" if source == row["source"] else str(source)
        for source, strategy in zip(members["source"], members["strategy"], strict=True)
    ]
    if pd.isna(row["group"]):
        return f"not a candidate; candidates are {', '.join(names)}"
    return f"{LETTER}: candidate, with {', '.join(names) or 'nobody'}"


def _over_imagenet(scores: TargetScores | None, row: "pd.Series[Any]", ranked: pd.DataFrame) -> str:
    """Paired gain over the best natural-image classification on the same network."""
    same = ["strategy", "encoder"]
    others = ranked[
        (ranked["domain"] == "natural")
        & (ranked["task"] == "classification")
        & (ranked[same] == row[same]).all(axis=1)
        & (ranked["source"] != row["source"])
    ]
    entry = (str(row["source"]), str(row["strategy"]))
    if scores is not None and entry in scores.entries:
        for best in others["source"].head(1):  # rows are sorted, best first
            gain = target_gains(scores, {entry: (str(best), entry[1])})[entry].gain
            if gain is not None:
                return f"{format_estimate(gain, '+.3f')} over {best}"
    return "no ImageNet entry to compare with"
