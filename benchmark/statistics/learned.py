"""Targets on which no entry has learned anything: ranks and effects there are those of noise."""

from collections.abc import Mapping, Sequence

from benchmark.statistics.gains import target_gains
from benchmark.statistics.scores import Entry, TargetScores

FLOOR = 0.10  # above the score of an empty prediction


def nothing_learned(
    settings: Sequence[tuple[TargetScores, Mapping[Entry, Entry]]], empty_prediction: float
) -> bool:
    """Whether every mean score is below the floor, and no gain has an interval above 0.

    Args:
        settings: Scores of one target, from 0 to 1 and higher is better, in each lane and number
            of training subjects, and the baselines of the entries.
        empty_prediction: What an empty mask would score.
    """
    scored = [setting for setting in settings if setting[0].entries]
    if not scored:
        return False
    if any(
        scores.values.mean(axis=(1, 2)).max() >= empty_prediction + FLOOR for scores, _ in scored
    ):
        return False
    gains = [
        gain for scores, baselines in scored for gain in target_gains(scores, baselines).values()
    ]
    return not any(gain.gain and gain.gain.low is not None and gain.gain.low > 0 for gain in gains)
