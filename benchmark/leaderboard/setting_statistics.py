"""The statistics of one target, and of one number of training subjects over all targets.

Each is a function of its scores alone and gives plain arrays. So it can be computed in another
process, and found again by the fingerprint of its scores when nothing of them changed.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.leaderboard.records_cache import Arrays, array_text, text_array
from benchmark.statistics.anova import Scores, seed_ms_of_means
from benchmark.statistics.bootstrap import Estimate, estimates
from benchmark.statistics.gains import Gain, bootstrap_gains, mean_standardised_gains, target_gains
from benchmark.statistics.paired_tests import PairTests, compare_pairs
from benchmark.statistics.rank_intervals import (
    RankInterval,
    bootstrap_ranks,
    rank_overall,
    rank_target,
)
from benchmark.statistics.scores import Entry, TargetScores

ESTIMATE = ("score", "low", "high")
RANK = ("rank", "rank_low", "rank_high")
GAIN = ("gain", "gain_low", "gain_high", "standardised", "standardised_low", "standardised_high")


@dataclass(frozen=True)
class SettingTask:
    """What the statistics of one target and number of training subjects depend on.

    Attributes:
        scores: Complete ranked entries; may be none.
        baselines: Of the entries that have one.
        bounds: Smallest and largest possible score.
        others: Scores (seeds, subjects) of entries that are not ranked.
    """

    scores: TargetScores
    baselines: Mapping[Entry, Entry]
    bounds: tuple[float, float]
    others: tuple[Scores, ...]

    @property
    def fingerprint(self) -> str:
        """Of all of it."""
        facts = [_facts(self.scores), _names(self.baselines), self.bounds]
        return _digest(facts, [self.scores.values, *self.others])


@dataclass(frozen=True)
class SizeTask:
    """What the overall statistics of one number of training subjects depend on.

    Attributes:
        targets: All targets of the board, also those without scores.
        baselines: Of the entries that have one.
    """

    targets: tuple[TargetScores, ...]
    baselines: Mapping[Entry, Entry]

    @property
    def fingerprint(self) -> str:
        """Of all of it."""
        facts = [[_facts(one) for one in self.targets], _names(self.baselines)]
        return _digest(facts, [one.values for one in self.targets])


def statistics_of(tasks: Sequence[SettingTask | SizeTask]) -> list[Arrays]:
    """Statistics of each of some tasks; what several need of the same scores is drawn once."""
    found = [
        setting_statistics(task) if isinstance(task, SettingTask) else size_statistics(task)
        for task in tasks
    ]
    bootstrap_ranks.cache_clear()
    bootstrap_gains.cache_clear()
    return found


def setting_statistics(task: SettingTask) -> Arrays:
    """Statistics of one target.

    Returns:
        `ranked`: (entries, columns of `ESTIMATE`, `RANK` and `GAIN`), NaN where there is none;
        `notes` of the gains; `others` (entries, `ESTIMATE`); and the pairs, see `pairs_of`.
    """
    scores = task.scores
    others = [_bounds(estimates(own[None], bounds=task.bounds)[0]) for own in task.others]
    found: dict[str, npt.NDArray[Any]] = {
        "others": np.array(others, dtype=np.float64).reshape(-1, len(ESTIMATE))
    }
    if not scores.entries:
        return found
    noise = seed_ms_of_means(scores.values)
    means = estimates(scores.values, noise, bounds=task.bounds, seed=scores.bootstrap_seed)
    ranks = {one.entry: one for one in rank_target(scores, stability=False).entries}
    gains = target_gains(scores, task.baselines)
    rows, notes = [], []
    for entry, mean in zip(scores.entries, means, strict=True):
        gain = gains.get(entry) or Gain(None, None, "")
        rows.append([
            *_bounds(mean), *_rank(ranks[entry]), *_bounds(gain.gain), *_bounds(gain.standardised)
        ])  # fmt: skip
        notes.append(gain.note)
    found["ranked"] = np.array(rows, dtype=np.float64)
    return found | {"notes": text_array(notes)} | _pack(compare_pairs([scores]))


def size_statistics(task: SizeTask) -> Arrays:
    """Statistics over all targets.

    Returns:
        `entries` that have every target, best first, and `missing`, what the others lack, as
        JSON; `ranked` (entries, `RANK` and standardised gain with bounds); `stability`; and the
        pairs, see `pairs_of`, where scores vary on every target.
    """
    ranking = rank_overall(task.targets)
    entries = [one.entry for one in ranking.entries]
    whole = set(entries)
    baselines = {entry: base for entry, base in task.baselines.items() if entry in whole}
    gains = mean_standardised_gains(task.targets, baselines) if entries else {}
    rows = []
    for one in ranking.entries:
        gain = gains.get(one.entry)
        rows.append([*_rank(one), *_bounds(gain.standardised if gain else None)])
    found: dict[str, npt.NDArray[Any]] = {
        "entries": text_array(entries),
        "missing": text_array([[entry, lacks] for entry, lacks in ranking.missing.items()]),
        "ranked": np.array(rows, dtype=np.float64).reshape(-1, 6),
        "stability": np.array([_number(ranking.stability)]),
    }
    scales = [_scale(one) for one in task.targets]
    if entries and all(scales):
        return found | _pack(compare_pairs([one.select(entries) for one in task.targets], scales))
    return found


def pairs_of(found: Arrays, entries: Sequence[Entry]) -> PairTests:
    """The paired tests among statistics of these entries."""
    claim, smallest = array_text(found["claim"])
    p = np.ones((len(entries), len(entries)))
    corner = np.triu_indices(len(entries), 1)
    p[corner] = found["p"]
    return PairTests(tuple(entries), found["means"], np.minimum(p, p.T), claim, smallest)


def _pack(pairs: PairTests) -> dict[str, npt.NDArray[Any]]:
    return {
        "p": pairs.p[np.triu_indices(len(pairs.entries), 1)],
        "means": pairs.means,
        "claim": text_array([pairs.claim, pairs.smallest]),
    }


def _scale(scores: TargetScores) -> float:
    """What makes differences comparable over targets: the mean spread between subjects."""
    if len(scores.subjects) < 2 or not scores.entries:
        return 0.0
    return float(scores.values.mean(axis=1).std(axis=1, ddof=1).mean())


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _bounds(found: Estimate | None) -> tuple[float, float, float]:
    if found is None:
        return np.nan, np.nan, np.nan
    return found.value, _number(found.low), _number(found.high)


def _rank(one: RankInterval) -> tuple[float, float, float]:
    return one.rank, _number(one.low), _number(one.high)


def _facts(scores: TargetScores) -> object:
    return [scores.target, scores.entries, scores.seeds, scores.subjects,
            scores.higher_is_better, _names(scores.left_out)]  # fmt: skip


def _names(mapping: Mapping[Entry, object]) -> list[object]:
    return [[key, value] for key, value in mapping.items()]


def _digest(facts: object, arrays: Sequence[Scores]) -> str:
    found = hashlib.sha256(json.dumps(facts).encode())
    for array in arrays:
        found.update(f"{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
