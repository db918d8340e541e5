"""Gain over the baseline: paired differences with intervals, and standardised (Glass's delta).

A gain is positive when the entry is better, whatever the direction of the metric. It is divided
by the standard deviation between subjects of the *baseline* (seeds averaged), Glass's delta
(Glass, Educational Researcher 5, 1976), not by that of the differences: the divisor is then the
same for all entries of a target with one baseline, so the order within a target is kept. The
divisor is taken as known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from benchmark.statistics.anova import Scores, seed_ms_of_differences
from benchmark.statistics.bootstrap import (
    RESAMPLES,
    Estimate,
    bootstrap_means,
    covers,
    percentile_intervals,
)
from benchmark.statistics.scores import Entry, TargetScores


@dataclass(frozen=True)
class Gain:
    """Gain of an entry over its baseline; None where `note` says why there is none.

    `gain` is in the unit of the metric, `standardised` in standard deviations of the baseline.
    """

    gain: Estimate | None
    standardised: Estimate | None
    note: str


@dataclass(frozen=True)
class GainDraws:
    """Means (K,) and draws (resamples, K) of the gains of those entries that have one."""

    entries: tuple[Entry, ...]
    means: Scores
    draws: Scores

    @cached_property
    def column(self) -> dict[Entry, int]:
        """Column of each entry."""
        return {entry: index for index, entry in enumerate(self.entries)}


def baseline_sd(scores: TargetScores, baseline: Entry) -> float | None:
    """Standard deviation between subjects of an entry, seeds averaged; None if 0 or unknown."""
    if baseline not in scores.entries or len(scores.subjects) < 2:
        return None
    by_subject = scores.values[scores.entries.index(baseline)].mean(axis=0)
    sd = float(by_subject.std(ddof=1))
    return sd if sd > 1e-12 else None


def target_gains(
    scores: TargetScores, baselines: Mapping[Entry, Entry], resamples: int = RESAMPLES
) -> dict[Entry, Gain]:
    """Gain of each entry of one target over its baseline.

    Args:
        scores: The target.
        baselines: Per entry its baseline, of the same strategy and size. An entry that is its own
            baseline has no gain and is not in the result.
        resamples: Number of draws.
    """
    pairs = _pairs(baselines)
    draws = bootstrap_gains(scores, pairs, resamples)
    covered = covers(len(scores.seeds), len(scores.subjects))
    intervals = percentile_intervals(draws.means, draws.draws, covered)
    estimate_of = dict(zip(draws.entries, intervals, strict=True))
    sd_of = _baseline_sds(scores, baselines)
    gains: dict[Entry, Gain] = {}
    for entry, baseline in pairs:
        if entry not in estimate_of:
            gains[entry] = Gain(None, None, _lacks(scores, entry, baseline))
        elif sd := sd_of[baseline]:
            gains[entry] = Gain(estimate_of[entry], _divided(estimate_of[entry], sd), "")
        else:
            note = "the baseline does not vary between subjects"
            gains[entry] = Gain(estimate_of[entry], None, note)
    return gains


def mean_standardised_gains(
    targets: Sequence[TargetScores],
    baselines: Mapping[Entry, Entry],
    resamples: int = RESAMPLES,
) -> dict[Entry, Gain]:
    """Mean over all targets of the standardised gain; None for an entry that lacks a target.

    Targets are taken as fixed; subjects and seeds are drawn independently for each.

    Args:
        targets: All targets of the board, one or more.
        baselines: As for `target_gains`.
        resamples: Number of draws.
    """
    pairs = _pairs(baselines)
    draws = [bootstrap_gains(scores, pairs, resamples) for scores in targets]
    sds = [_baseline_sds(scores, baselines) for scores in targets]
    notes = {
        entry: "; ".join(
            f"{scores.target}: "
            + ("the baseline does not vary" if entry in drawn.column
               else _lacks(scores, entry, baseline))
            for scores, drawn, sd_of in zip(targets, draws, sds, strict=True)
            if entry not in drawn.column or not sd_of[baseline]
        )
        for entry, baseline in pairs
    }  # fmt: skip
    complete = [entry for entry, note in notes.items() if not note]
    subjects = min(len(scores.subjects) for scores in targets)
    covered = covers(min(len(scores.seeds) for scores in targets), subjects)
    means, mean_draws = np.zeros(len(complete)), np.zeros((len(complete), resamples))
    for drawn, sd_of in zip(draws, sds, strict=True):
        columns = [drawn.column[entry] for entry in complete]
        sd = np.array([sd_of[baselines[entry]] for entry in complete], dtype=np.float64)
        means += drawn.means[columns] / sd
        mean_draws += drawn.draws.T[columns] / sd[:, None]
    count = len(targets)
    intervals = percentile_intervals(means / count, mean_draws.T / count, covered)
    estimate_of = dict(zip(complete, intervals, strict=True))
    return {entry: Gain(None, estimate_of.get(entry), note) for entry, note in notes.items()}


def _divided(gain: Estimate, sd: float) -> Estimate:
    low, high = (None if bound is None else bound / sd for bound in (gain.low, gain.high))
    return Estimate(gain.value / sd, low, high, gain.covers)


def _baseline_sds(
    scores: TargetScores, baselines: Mapping[Entry, Entry]
) -> dict[Entry, float | None]:
    return {baseline: baseline_sd(scores, baseline) for baseline in set(baselines.values())}


def _pairs(baselines: Mapping[Entry, Entry]) -> tuple[tuple[Entry, Entry], ...]:
    return tuple((entry, baseline) for entry, baseline in baselines.items() if entry != baseline)


def _lacks(scores: TargetScores, entry: Entry, baseline: Entry) -> str:
    role, name = ("baseline", baseline) if entry in scores.entries else ("entry", entry)
    return f"the {role} {scores.left_out.get(name, 'has no scores')}"


@lru_cache(maxsize=64)
def bootstrap_gains(
    scores: TargetScores, pairs: tuple[tuple[Entry, Entry], ...], resamples: int
) -> GainDraws:
    """Draws of the gains of entries over their baselines, of the pairs that have scores."""
    row = {entry: index for index, entry in enumerate(scores.entries)}
    pairs = tuple(pair for pair in pairs if pair[0] in row and pair[1] in row)
    if not pairs:
        return GainDraws((), np.empty(0), np.empty((resamples, 0)))
    oriented = scores.oriented_scores
    entries, baselines = ([row[pair[side]] for pair in pairs] for side in (0, 1))
    differences = oriented[entries] - oriented[baselines]
    pooled = seed_ms_of_differences(oriented)
    draws = bootstrap_means(differences, pooled, resamples, scores.bootstrap_seed)
    return GainDraws(tuple(entry for entry, _ in pairs), differences.mean(axis=(1, 2)), draws)
