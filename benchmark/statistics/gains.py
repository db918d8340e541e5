"""Gain over the baseline: paired differences with intervals, and standardised (Glass's delta).

A gain is positive when the entry is better, whatever the direction of the metric. It is divided
by the standard deviation between subjects of the *baseline* (seeds averaged), Glass's delta
(Glass, Educational Researcher 5, 1976), not by that of the differences: the divisor is then the
same for all entries of a target with one baseline, so the order within a target is kept. The
divisor is taken as known. Intervals are those of `intervals.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmark.statistics.anova import (
    Scores,
    StandardError,
    mean_of_targets,
    standard_error,
    two_way_anova,
)
from benchmark.statistics.intervals import (
    Estimate,
    covers,
    detectable,
    probability_not_above_zero,
    t_intervals,
)
from benchmark.statistics.scores import Entry, TargetScores
from benchmark.statistics.seed_noise import pooled_seed_ms


@dataclass(frozen=True)
class Gain:
    """Gain of an entry over its baseline; None where `note` says why there is none.

    Attributes:
        gain: In the unit of the metric.
        standardised: In standard deviations of the baseline.
        note: Why one of them is None, or "".
        not_better: Probability that the entry is not better; None with one subject.
        detectable: The smallest gain found in 80 % of boards of this size; None likewise.
    """

    gain: Estimate | None
    standardised: Estimate | None
    note: str
    not_better: float | None = None
    detectable: float | None = None


def baseline_sd(scores: TargetScores, baseline: Entry) -> float | None:
    """Standard deviation between subjects of an entry, seeds averaged; None if 0 or unknown."""
    if baseline not in scores.entries or len(scores.subjects) < 2:
        return None
    by_subject = scores.values[scores.entries.index(baseline)].mean(axis=0)
    sd = float(by_subject.std(ddof=1))
    return sd if sd > 1e-12 else None


def target_gains(scores: TargetScores, baselines: Mapping[Entry, Entry]) -> dict[Entry, Gain]:
    """Gain of each entry of one target over its baseline.

    Args:
        scores: The target.
        baselines: Per entry its baseline, of the same strategy and size. An entry that is its own
            baseline has no gain and is not in the result.
    """
    pairs = _pairs(baselines)
    known = [pair for pair in pairs if pair[0] in scores.entries and pair[1] in scores.entries]
    means, error = paired_differences(scores, known)
    intervals = t_intervals(means, error, covers(len(scores.seeds), len(scores.subjects)))
    columns = (intervals, probability_not_above_zero(means, error), detectable(error))
    of_pair = dict(zip(known, zip(*columns, strict=True), strict=True))
    sd_of = _baseline_sds(scores, baselines)
    gains: dict[Entry, Gain] = {}
    for pair in pairs:
        entry, baseline = pair
        if pair not in of_pair:
            gains[entry] = Gain(None, None, _lacks(scores, entry, baseline))
            continue
        gain, *numbers = of_pair[pair]
        sd = sd_of[baseline]
        note = "" if sd else "the baseline does not vary between subjects"
        units = _divided(gain, sd) if sd else None
        stated = [None if gain.low is None else float(number) for number in numbers]
        gains[entry] = Gain(gain, units, note, *stated)
    return gains


def gain_over_shared_seeds(shared: TargetScores, planned: int) -> Gain:
    """Gain of an entry over its baseline where not both have all seeds; its note names the seeds.

    Args:
        shared: Scores of the entry and its baseline, in this order, over the seeds that both have.
        planned: Number of seeds of the board.
    """
    entry, baseline = shared.entries
    gain = target_gains(shared, {entry: baseline})[entry]
    if len(shared.seeds) == planned:
        return gain
    names = f"seed{'s' * (len(shared.seeds) > 1)} {', '.join(map(str, shared.seeds))}"
    note = "; ".join(filter(None, (f"{names} of {planned}", gain.note)))
    return replace(gain, note=note)


def mean_standardised_gains(
    targets: Sequence[TargetScores], baselines: Mapping[Entry, Entry]
) -> dict[Entry, Gain]:
    """Mean over all targets of the standardised gain; None for an entry that lacks a target.

    Targets are taken as fixed, and their subjects and seeds as independent of each other.

    Args:
        targets: All targets of the board, one or more.
        baselines: As for `target_gains`.
    """
    pairs = _pairs(baselines)
    sds = [_baseline_sds(scores, baselines) for scores in targets]
    notes = {
        pair: "; ".join(
            f"{scores.target}: "
            + ("the baseline does not vary" if {*pair} <= {*scores.entries}
               else _lacks(scores, *pair))
            for scores, sd_of in zip(targets, sds, strict=True)
            if not {*pair} <= {*scores.entries} or not sd_of[pair[1]]
        )
        for pair in pairs
    }  # fmt: skip
    complete = [pair for pair, note in notes.items() if not note]
    means, errors = np.zeros(len(complete)), []
    for scores, sd_of in zip(targets, sds, strict=True):
        sd = np.array([sd_of[baseline] for _, baseline in complete], dtype=np.float64)
        mean, error = paired_differences(scores, complete)
        means += mean / sd / len(targets)
        errors.append(replace(error, variance=error.variance / sd**2))
    covered = covers(
        min(len(scores.seeds) for scores in targets),
        min(len(scores.subjects) for scores in targets),
    )
    intervals = t_intervals(means, mean_of_targets(errors), covered)
    estimate_of = dict(zip(complete, intervals, strict=True))
    return {pair[0]: Gain(None, estimate_of.get(pair), note) for pair, note in notes.items()}


def paired_differences(
    scores: TargetScores, pairs: Sequence[tuple[Entry, Entry]]
) -> tuple[Scores, StandardError]:
    """Mean differences (pairs,) of two entries each, positive where the first is better.

    They are paired by seed and subject. Their standard errors pool the noise of the seeds over
    all entries.
    """
    if not pairs:
        return np.zeros(0), StandardError(*[np.zeros(0)] * 3)
    oriented = scores.oriented_scores
    row = {entry: index for index, entry in enumerate(scores.entries)}
    first, second = (np.array([row[pair[side]] for pair in pairs]) for side in (0, 1))
    anova = two_way_anova(oriented[first] - oriented[second])
    return anova.mean, standard_error(anova, pooled_seed_ms(oriented, first, second))


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
