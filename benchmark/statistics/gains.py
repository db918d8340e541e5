"""Gain over the baseline: paired differences with intervals, and their size in standard units.

A gain is positive when the entry is better, whatever the direction of the metric. It is divided
by the standard deviation between subjects of the *baseline* (seeds averaged), Glass's delta
(Glass, Educational Researcher 5, 1976), not by that of the differences: the divisor is then the
same for all entries of a target with one baseline, so the order within a target stays. The divisor
is taken as known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from benchmark.statistics.anova import Scores, noise_of_differences
from benchmark.statistics.bootstrap import RESAMPLES, Estimate, covers, draw_means, summarise
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
class DrawnGains:
    """Means (K,) and draws (resamples, K) of the gains of those entries that have one."""

    entries: tuple[Entry, ...]
    means: Scores
    draws: Scores

    @cached_property
    def place(self) -> dict[Entry, int]:
        """Column of each entry."""
        return {entry: index for index, entry in enumerate(self.entries)}


def baseline_spread(scores: TargetScores, baseline: Entry) -> float | None:
    """Standard deviation between subjects of an entry, seeds averaged; None if 0 or unknown."""
    if baseline not in scores.entries or len(scores.subjects) < 2:
        return None
    by_subject = scores.values[scores.entries.index(baseline)].mean(axis=0)
    spread = float(by_subject.std(ddof=1))
    return spread if spread > 1e-12 else None


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
    drawn = draw_gains(scores, tuple(_pairs(baselines)), resamples)
    what = covers(len(scores.seeds), len(scores.subjects))
    plain = dict(zip(drawn.entries, summarise(drawn.means, drawn.draws, what), strict=True))
    units = _spreads(scores, baselines)
    done: dict[Entry, Gain] = {}
    for entry, base in _pairs(baselines):
        if entry not in plain:
            done[entry] = Gain(None, None, _lacks(scores, entry, base))
        elif unit := units[base]:
            done[entry] = Gain(plain[entry], _in_units(plain[entry], unit), "")
        else:
            done[entry] = Gain(plain[entry], None, "the baseline does not vary between subjects")
    return done


def mean_standardised_gains(
    targets: Sequence[TargetScores],
    baselines: Mapping[Entry, Entry],
    resamples: int = RESAMPLES,
) -> dict[Entry, Gain]:
    """Mean over all targets of the standardised gain; an entry that lacks one has None.

    Targets are taken as they are; subjects and seeds are drawn apart for each.

    Args:
        targets: All targets of the board, one or more.
        baselines: As for `target_gains`.
        resamples: Number of draws.
    """
    pairs = tuple(_pairs(baselines))
    drawn = [draw_gains(one, pairs, resamples) for one in targets]
    seeds = min(len(one.seeds) for one in targets)
    what = covers(seeds, min(len(one.subjects) for one in targets))
    units = [_spreads(one, baselines) for one in targets]
    notes = {
        entry: "; ".join(
            f"{one.target}: "
            + ("the baseline does not vary" if entry in d.place else _lacks(one, entry, base))
            for one, d, unit in zip(targets, drawn, units, strict=True)
            if entry not in d.place or not unit[base]
        )
        for entry, base in _pairs(baselines)
    }
    whole = [entry for entry, note in notes.items() if not note]
    found = summarise(*_standardise(drawn, whole, baselines, units), what)
    gains = dict(zip(whole, found, strict=True))
    return {entry: Gain(None, gains.get(entry), note) for entry, note in notes.items()}


def _in_units(gain: Estimate, unit: float) -> Estimate:
    low, high = (None if bound is None else bound / unit for bound in (gain.low, gain.high))
    return Estimate(gain.value / unit, low, high, gain.covers)


def _spreads(scores: TargetScores, baselines: Mapping[Entry, Entry]) -> dict[Entry, float | None]:
    return {base: baseline_spread(scores, base) for base in set(baselines.values())}


def _standardise(
    drawn: Sequence[DrawnGains],
    entries: Sequence[Entry],
    baselines: Mapping[Entry, Entry],
    units: Sequence[Mapping[Entry, float | None]],
) -> tuple[Scores, Scores]:
    """Means and draws of entries in units of their baseline's spread, averaged over targets."""
    means, draws = np.zeros(len(entries)), np.zeros((len(entries), len(drawn[0].draws)))
    for one, unit in zip(drawn, units, strict=True):
        places = [one.place[entry] for entry in entries]
        scale = np.array([unit[baselines[entry]] for entry in entries], dtype=np.float64)
        means += one.means[places] / scale
        draws += one.draws.T[places] / scale[:, None]
    return means / len(drawn), draws.T / len(drawn)


def _pairs(baselines: Mapping[Entry, Entry]) -> list[tuple[Entry, Entry]]:
    return [(entry, base) for entry, base in baselines.items() if entry != base]


def _lacks(scores: TargetScores, entry: Entry, base: Entry) -> str:
    who = "baseline" if entry in scores.entries else "entry"
    lacking = base if entry in scores.entries else entry
    return f"the {who} {scores.left_out.get(lacking, 'has no scores')}"


@lru_cache(maxsize=64)
def draw_gains(
    scores: TargetScores, pairs: tuple[tuple[Entry, Entry], ...], resamples: int
) -> DrawnGains:
    """Draws of the gains of entries over their baselines, of those pairs that are there."""
    place = {entry: index for index, entry in enumerate(scores.entries)}
    pairs = tuple((e, base) for e, base in pairs if e in place and base in place)
    if not pairs:
        return DrawnGains((), np.empty(0), np.empty((resamples, 0)))
    good = scores.goodness
    differences = good[[place[e] for e, _ in pairs]] - good[[place[base] for _, base in pairs]]
    draws = draw_means(differences, noise_of_differences(good), resamples, scores.draw_seed)
    return DrawnGains(tuple(e for e, _ in pairs), differences.mean(axis=(1, 2)), draws)
