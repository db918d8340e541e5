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

from benchmark.leaderboard.bulk.array_files import Arrays, json_array
from benchmark.statistics.anova import Scores, SeedMeanSquare
from benchmark.statistics.candidates import candidates_for_best
from benchmark.statistics.gains import (
    Gain,
    gain_over_shared_seeds,
    mean_standardised_gains,
    target_gains,
)
from benchmark.statistics.intervals import Estimate, estimates
from benchmark.statistics.rank_intervals import RankInterval, bootstrap_ranks, rank_entries
from benchmark.statistics.scores import Entry, TargetScores
from benchmark.statistics.seed_noise import pooled_seed_ms
from benchmark.statistics.two_part import two_part_intervals

ESTIMATE = ("score", "low", "high", "unseen_low", "unseen_high")
RANK = ("rank", "rank_low", "rank_high", "p_rank_1", "group")
STANDARDISED = ("standardised", "standardised_low", "standardised_high")
GAIN = ("gain", "gain_low", "gain_high", *STANDARDISED, "p_not_better", "detectable_gain")
CANDIDATE = 1.0  # number of group a; other entries have none


@dataclass(frozen=True)
class SettingTask:
    """Inputs of the statistics of one setting.

    Attributes:
        scores: Of the complete ranked entries; may be empty.
        baselines: Of the entries that have one.
        bounds: Smallest and largest possible mean score.
        others: Scores (seeds, subjects) of entries that are not ranked.
        shared: Of each entry that is not ranked together with its baseline the scores of both,
            over the seeds that both have; the entry first.
    """

    scores: TargetScores
    baselines: Mapping[Entry, Entry]
    bounds: tuple[float, float]
    others: tuple[Scores, ...]
    shared: tuple[TargetScores, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the inputs."""
        names = [_names(self.scores), _items(self.baselines), self.bounds]
        names += [_names(two) for two in self.shared]
        shared = [two.values for two in self.shared]
        return _digest(names, [self.scores.values, *self.others, *shared])


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


Task = SettingTask | SizeTask


def statistics_of(tasks: Sequence[Task]) -> list[Arrays]:
    """Statistics of each task; redraws of the same scores are shared between tasks."""
    statistics = [
        setting_statistics(task) if isinstance(task, SettingTask) else size_statistics(task)
        for task in tasks
    ]
    bootstrap_ranks.cache_clear()
    return statistics


def setting_statistics(task: SettingTask) -> Arrays:
    """Statistics of one setting.

    Returns:
        `ranked`: (entries, columns of `ESTIMATE`, `RANK` and `GAIN`), NaN where a number is
        missing; `notes` of the gains; `others` (entries, `ESTIMATE`); `shared` (entries, `GAIN`)
        with the entries and their `shared_notes`; the `claim` of group a.
    """
    scores = task.scores
    failed = any((values <= 0).any() for values in (scores.values, *task.others))
    others = [_estimates(matrix[None], task, failed, None)[0] for matrix in task.others]
    shared = [gain_over_shared_seeds(two, len(scores.seeds)) for two in task.shared]
    arrays: dict[str, npt.NDArray[Any]] = {
        "others": np.array(others, dtype=np.float64).reshape(-1, len(ESTIMATE)),
        "shared": np.array([*map(_gain, shared)], dtype=np.float64).reshape(-1, len(GAIN)),
        "shared_notes": json_array(
            [[two.entries[0], gain.note] for two, gain in zip(task.shared, shared, strict=True)]
        ),
    }
    if not scores.entries:
        return arrays
    means = _estimates(scores.values, task, failed, pooled_seed_ms(scores.values))
    ranks = {ranked.entry: ranked for ranked in rank_entries([scores], stability=False).entries}
    best = candidates_for_best([scores])
    gains = target_gains(scores, task.baselines)
    rows, notes = [], []
    for entry, mean, candidate in zip(scores.entries, means, best.among.tolist(), strict=True):
        gain = gains.get(entry) or Gain(None, None, "")
        rows.append([*mean, *_rank(ranks[entry], candidate), *_gain(gain)])
        notes.append(gain.note)
    arrays["ranked"] = np.array(rows, dtype=np.float64)
    return arrays | {"notes": json_array(notes), "claim": json_array(best.claim)}


def size_statistics(task: SizeTask) -> Arrays:
    """Statistics over all targets.

    Returns:
        `entries` with scores on every target, best first, and `missing`, what others lack, as
        JSON; `ranked` (entries, `RANK` and `STANDARDISED`); `stability`; and the `claim` of
        group a, if scores vary on every target.
    """
    ranking = rank_entries(task.targets)
    entries = [ranked.entry for ranked in ranking.entries]
    complete = set(entries)
    baselines = {entry: base for entry, base in task.baselines.items() if entry in complete}
    gains = mean_standardised_gains(task.targets, baselines) if entries else {}
    scales, claim = [_scale(scores) for scores in task.targets], ""
    among = np.zeros(len(entries), dtype=np.bool_)
    if entries and all(scales):
        best = candidates_for_best([scores.select(entries) for scores in task.targets], scales)
        among, claim = best.among, best.claim
    rows = []
    for ranked, candidate in zip(ranking.entries, among.tolist(), strict=True):
        gain = gains.get(ranked.entry)
        rows.append([*_rank(ranked, candidate), *_numbers(gain.standardised if gain else None)])
    width = len(RANK) + len(STANDARDISED)
    return {
        "entries": json_array(entries),
        "missing": json_array([[entry, lacks] for entry, lacks in ranking.missing.items()]),
        "ranked": np.array(rows, dtype=np.float64).reshape(-1, width),
        "stability": np.array([_number(ranking.stability)]),
        "claim": json_array(claim),
    }


def _estimates(
    scores: Scores, task: SettingTask, failed: bool, pooled: SeedMeanSquare | None
) -> list[list[float]]:
    """Columns of `ESTIMATE` of each score matrix.

    Where a subject of the setting failed, all its entries have two-part intervals; elsewhere these
    are the bounds that allow for unseen failures. Metrics with a unit have none.
    """
    rows = [_numbers(estimate) for estimate in estimates(scores, pooled, task.bounds)]
    if task.bounds[1] != 1.0 or scores.shape[2] < 2:
        return [[*row, np.nan, np.nan] for row in rows]
    wide = two_part_intervals(scores, pooled, task.scores.bootstrap_seed).tolist()
    return [[row[0], *(bounds if failed else row[1:]), *bounds]
            for row, bounds in zip(rows, wide, strict=True)]  # fmt: skip


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


def _gain(gain: Gain) -> tuple[float, ...]:
    """Columns of `GAIN`."""
    numbers = map(_number, (gain.not_better, gain.detectable))
    return *_numbers(gain.gain), *_numbers(gain.standardised), *numbers


def _rank(ranked: RankInterval, candidate: bool) -> tuple[float, ...]:
    numbers = map(_number, (ranked.low, ranked.high, ranked.first))
    return ranked.rank, *numbers, CANDIDATE if candidate else np.nan


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
