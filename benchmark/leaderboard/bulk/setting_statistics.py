"""The statistics of one setting, and of one number of training subjects over all targets.

Each is a function of its scores alone and returns plain arrays, so that it can be computed in
another process and cached by the fingerprint of the scores. A setting is a target with a number
of training subjects.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.leaderboard.bulk.array_files import Arrays, array_json, json_array
from benchmark.statistics.anova import Scores, seed_ms_of_means
from benchmark.statistics.bootstrap import Estimate, estimates
from benchmark.statistics.gains import Gain, bootstrap_gains, mean_standardised_gains, target_gains
from benchmark.statistics.paired_tests import PairTests, compare_pairs
from benchmark.statistics.rank_intervals import (
    RankInterval,
    bootstrap_ranks,
    rank_entries,
)
from benchmark.statistics.scores import Entry, TargetScores

ESTIMATE = ("score", "low", "high")
RANK = ("rank", "rank_low", "rank_high")
GAIN = ("gain", "gain_low", "gain_high", "standardised", "standardised_low", "standardised_high")


@dataclass(frozen=True)
class SettingTask:
    """Inputs of the statistics of one setting.

    Attributes:
        scores: Of the complete ranked entries; may be empty.
        baselines: Of the entries that have one.
        bounds: Smallest and largest possible mean score.
        others: Scores (seeds, subjects) of entries that are not ranked.
    """

    scores: TargetScores
    baselines: Mapping[Entry, Entry]
    bounds: tuple[float, float]
    others: tuple[Scores, ...]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the inputs."""
        names = [_names(self.scores), _items(self.baselines), self.bounds]
        return _digest(names, [self.scores.values, *self.others])


@dataclass(frozen=True)
class SizeTask:
    """Inputs of the overall statistics of one number of training subjects.

    Attributes:
        targets: Scores of all targets of the board, also of those without complete entries.
        baselines: Of the entries that have one.
    """

    targets: tuple[TargetScores, ...]
    baselines: Mapping[Entry, Entry]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the inputs."""
        names = [[_names(scores) for scores in self.targets], _items(self.baselines)]
        return _digest(names, [scores.values for scores in self.targets])


def statistics_of(tasks: Sequence[SettingTask | SizeTask]) -> list[Arrays]:
    """Statistics of each task; redraws of the same scores are shared between tasks."""
    statistics = [
        setting_statistics(task) if isinstance(task, SettingTask) else size_statistics(task)
        for task in tasks
    ]
    bootstrap_ranks.cache_clear()
    bootstrap_gains.cache_clear()
    return statistics


def setting_statistics(task: SettingTask) -> Arrays:
    """Statistics of one setting.

    Returns:
        `ranked`: (entries, columns of `ESTIMATE`, `RANK` and `GAIN`), NaN where a number is
        missing; `notes` of the gains; `others` (entries, `ESTIMATE`); and the paired tests, see
        `pairs_of`.
    """
    scores = task.scores
    others = [_numbers(estimates(own[None], bounds=task.bounds)[0]) for own in task.others]
    arrays: dict[str, npt.NDArray[Any]] = {
        "others": np.array(others, dtype=np.float64).reshape(-1, len(ESTIMATE))
    }
    if not scores.entries:
        return arrays
    noise = seed_ms_of_means(scores.values)
    means = estimates(scores.values, noise, bounds=task.bounds, seed=scores.bootstrap_seed)
    ranks = {ranked.entry: ranked for ranked in rank_entries([scores], stability=False).entries}
    gains = target_gains(scores, task.baselines)
    rows, notes = [], []
    for entry, mean in zip(scores.entries, means, strict=True):
        gain = gains.get(entry) or Gain(None, None, "")
        rows.append([
            *_numbers(mean), *_rank(ranks[entry]),
            *_numbers(gain.gain), *_numbers(gain.standardised),
        ])  # fmt: skip
        notes.append(gain.note)
    arrays["ranked"] = np.array(rows, dtype=np.float64)
    return arrays | {"notes": json_array(notes)} | _pack(compare_pairs([scores]))


def size_statistics(task: SizeTask) -> Arrays:
    """Statistics over all targets.

    Returns:
        `entries` with scores on every target, best first, and `missing`, what others lack, as
        JSON; `ranked` (entries, `RANK` and standardised gain with bounds); `stability`; and the
        paired tests, see `pairs_of`, if scores vary on every target.
    """
    ranking = rank_entries(task.targets)
    entries = [ranked.entry for ranked in ranking.entries]
    complete = set(entries)
    baselines = {entry: base for entry, base in task.baselines.items() if entry in complete}
    gains = mean_standardised_gains(task.targets, baselines) if entries else {}
    rows = []
    for ranked in ranking.entries:
        gain = gains.get(ranked.entry)
        rows.append([*_rank(ranked), *_numbers(gain.standardised if gain else None)])
    arrays: dict[str, npt.NDArray[Any]] = {
        "entries": json_array(entries),
        "missing": json_array([[entry, lacks] for entry, lacks in ranking.missing.items()]),
        "ranked": np.array(rows, dtype=np.float64).reshape(-1, 6),
        "stability": np.array([_number(ranking.stability)]),
    }
    scales = [_scale(scores) for scores in task.targets]
    if entries and all(scales):
        complete_scores = [scores.select(entries) for scores in task.targets]
        return arrays | _pack(compare_pairs(complete_scores, scales))
    return arrays


def pairs_of(arrays: Arrays, entries: Sequence[Entry]) -> PairTests:
    """The paired tests of these entries, from their statistics."""
    claim, smallest = array_json(arrays["claim"])
    p = np.ones((len(entries), len(entries)))
    corner = np.triu_indices(len(entries), 1)
    p[corner] = arrays["p"]
    return PairTests(tuple(entries), arrays["means"], np.minimum(p, p.T), claim, smallest)


def _pack(pairs: PairTests) -> dict[str, npt.NDArray[Any]]:
    return {
        "p": pairs.p[np.triu_indices(len(pairs.entries), 1)],
        "means": pairs.means,
        "claim": json_array([pairs.claim, pairs.smallest]),
    }


def _scale(scores: TargetScores) -> float:
    """Scale that makes differences comparable over targets: the mean SD between subjects."""
    if len(scores.subjects) < 2 or not scores.entries:
        return 0.0
    return float(scores.values.mean(axis=1).std(axis=1, ddof=1).mean())


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _numbers(estimate: Estimate | None) -> tuple[float, float, float]:
    if estimate is None:
        return np.nan, np.nan, np.nan
    return estimate.value, _number(estimate.low), _number(estimate.high)


def _rank(ranked: RankInterval) -> tuple[float, float, float]:
    return ranked.rank, _number(ranked.low), _number(ranked.high)


def _names(scores: TargetScores) -> object:
    return [scores.target, scores.entries, scores.seeds, scores.subjects,
            scores.higher_is_better, _items(scores.left_out)]  # fmt: skip


def _items(mapping: Mapping[Entry, object]) -> list[object]:
    return [[key, value] for key, value in mapping.items()]


def _digest(names: object, arrays: Sequence[Scores]) -> str:
    digest = hashlib.sha256(json.dumps(names).encode())
    for array in arrays:
        digest.update(f"{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
