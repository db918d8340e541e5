"""The measured gains that a forecast is compared with, and which of them differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from benchmark.cards.lanes import Lane
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import Setting
from benchmark.leaderboard.rows import entries_of
from benchmark.statistics.agreement import Separated
from benchmark.statistics.anova import Scores, SeedMeanSquare, standard_error, two_way_anova
from benchmark.statistics.intervals import covers, t_intervals
from benchmark.statistics.scores import TargetScores
from benchmark.statistics.seed_noise import pooled_seed_ms

Against = Literal["gain", "score"]


@dataclass(frozen=True)
class MeasuredGains:
    """The gains of all sources of one setting over random initialisation of their networks.

    Attributes:
        setting: Target, lane and number of training subjects.
        strategy: What was fine-tuned.
        sources: Those with a gain.
        gains: Mean gain (or score; higher is better) of each (sources,), in the unit of the metric.
        better: (sources, sources); whether the gain of the row is larger than that of the column
            by more than the 95 % interval of their difference.
    """

    setting: Setting
    strategy: str
    sources: tuple[str, ...]
    gains: Scores
    better: Separated


def measured_gains(
    leaderboard: Leaderboard, lane: Lane | None = None, against: Against = "gain"
) -> Iterator[MeasuredGains]:
    """Settings of a lane with two or more gains, under the board's first strategy there.

    Args:
        leaderboard: Of a board; without contaminated cells, if they should not count.
        lane: One of the board; None stands for its first.
        against: `score` takes the mean score of every entry, random initialisation included, in
            place of its gain.
    """
    board = leaderboard.board
    lane = lane or board.lanes[0]
    own_strategies = [name for name in board.strategies if lane in board.lanes_of_strategy(name)]
    strategy = own_strategies[0] if own_strategies else ""
    for setting, scores in leaderboard.scores.items():
        if setting.lane == lane and setting.target not in leaderboard.unlearned:
            baselines = _baselines(leaderboard, setting, strategy, against)
            complete = {source: baseline for source, baseline in baselines.items()
                   if {(name, strategy) for name in (source, baseline) if name}
                   <= {*scores.entries}}  # fmt: skip
            if len(complete) > 1:
                yield _measured(setting, strategy, scores, complete)


def _baselines(
    leaderboard: Leaderboard, setting: Setting, strategy: str, against: Against
) -> dict[str, str]:
    """Each source with random initialisation of the same network; with "" for scores."""
    if against == "score":
        entries = entries_of(leaderboard.rows_of(setting))
        return {source: "" for source, name in entries if name == strategy}
    pairs = leaderboard.baselines(setting).items()
    return {source: baseline for (source, name), (baseline, _) in pairs
            if name == strategy and source != baseline}  # fmt: skip


def _measured(
    setting: Setting, strategy: str, scores: TargetScores, baselines: Mapping[str, str]
) -> MeasuredGains:
    row = {entry: index for index, entry in enumerate(scores.entries)}
    oriented = scores.oriented_scores
    terms = [{row[name, strategy] for name in pair if name} for pair in baselines.items()]
    gains = np.stack([
        oriented[row[source, strategy]]
        - (oriented[row[baseline, strategy]] if baseline else 0.0)
        for source, baseline in baselines.items()
    ])  # fmt: skip
    better = np.zeros((len(gains), len(gains)), dtype=bool)
    for first, second in combinations(range(len(gains)), 2):
        entries = terms[first] ^ terms[second]  # a baseline of both cancels
        noise = pooled_seed_ms(oriented, *(np.array([entry]) for entry in entries))
        side = _larger(gains[first] - gains[second], noise)
        better[first, second], better[second, first] = side > 0, side < 0
    return MeasuredGains(setting, strategy, tuple(baselines), gains.mean(axis=(1, 2)), better)


def _larger(differences: Scores, noise: SeedMeanSquare | None) -> int:
    """1 if the mean (seeds, subjects) is above 0 by its 95 % interval, -1 if below, else 0."""
    anova = two_way_anova(differences[None])
    covered = covers(anova.seeds, anova.subjects)
    interval = t_intervals(anova.mean, standard_error(anova, noise), covered)[0]
    if interval.low is None or interval.high is None:
        return 0
    return int(interval.low > 0) - int(interval.high < 0)
