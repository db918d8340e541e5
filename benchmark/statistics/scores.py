"""All scores of one target as one array: entries x seeds x subjects, complete or left out."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from zlib import crc32

import numpy as np

from benchmark.statistics.anova import Scores

Entry = Hashable
Name = TypeVar("Name", bound=Hashable)
Runs = Mapping[int, tuple[tuple[str, ...], Scores]]  # per seed the subjects and their scores
DECIMALS = 12  # scores closer than this are equal; rounding errors must not break ties


@dataclass(frozen=True, eq=False)
class TargetScores:
    """Every entry of one target, scored on the same subjects under the same seeds.

    Only the same object is equal, so that its draws can be cached.

    Attributes:
        target: Id of the target task.
        entries: What is compared (source x strategy x size), along the first axis.
        seeds: Along the second axis.
        subjects: Along the third axis; cases of a subject are averaged before.
        values: Scores (entries, seeds, subjects), finite, in the unit of the metric.
        higher_is_better: Direction of the metric.
        left_out: Entries that cannot be compared on this target, each with the reason in words.
    """

    target: str
    entries: tuple[Entry, ...]
    seeds: tuple[int, ...]
    subjects: tuple[str, ...]
    values: Scores
    higher_is_better: bool = True
    left_out: Mapping[Entry, str] = field(default_factory=dict)

    @property
    def oriented_scores(self) -> Scores:
        """The values, negated where lower is better: higher is always better."""
        return self.values if self.higher_is_better else -self.values

    @property
    def oriented_means(self) -> Scores:
        """Mean of each entry over seeds and subjects (entries,); higher is always better."""
        return np.asarray(self.oriented_scores.mean(axis=(1, 2)), dtype=np.float64)

    @property
    def bootstrap_seed(self) -> int:
        """Seed of this target's draws, which are independent of those of other targets."""
        return crc32(self.target.encode())

    def select(self, entries: Sequence[Entry]) -> "TargetScores":
        """The same target with some of its entries, in the order given."""
        if self.entries == tuple(entries):
            return self
        rows = [self.entries.index(entry) for entry in entries]
        return replace(self, entries=tuple(entries), values=self.values[rows])


def stack_runs(
    target: str,
    runs: Mapping[Name, Runs],
    seeds: Sequence[int],
    higher_is_better: bool = True,
) -> TargetScores:
    """Stack the runs of each entry; one that is not complete is left out, never filled in.

    An entry is complete when it has every seed, the subjects that most entries have, and a
    finite score for each. Without a complete entry the array has no entries.

    Args:
        target: Id of the target task.
        runs: Of each entry; subjects are sorted.
        seeds: All seeds of the board.
        higher_is_better: Direction of the metric.
    """
    subjects_of = {entry: _subjects(by_seed) for entry, by_seed in runs.items()}
    subjects = Counter(subjects_of.values()).most_common(1)[0][0] if subjects_of else ()
    complete: list[Name] = []
    left_out: dict[Entry, str] = {}
    for entry, by_seed in runs.items():
        missing = [seed for seed in seeds if seed not in by_seed]
        if missing:
            left_out[entry] = "lacks seed " + ", ".join(map(str, missing))
        elif subjects_of[entry] != subjects:
            left_out[entry] = "was scored on other subjects than most entries"
        elif any(by_seed[seed][0] != subjects for seed in seeds):
            left_out[entry] = "has subjects without a score"
        else:
            complete.append(entry)
    rows = [runs[entry][seed][1] for entry in complete for seed in seeds]
    values = np.array(rows, dtype=np.float64).reshape(len(complete), len(seeds), len(subjects))
    finite = np.isfinite(values).all(axis=(1, 2))
    if not finite.all():
        for index in np.flatnonzero(~finite):
            left_out[complete[index]] = "has subjects without a score"
        complete = [complete[index] for index in np.flatnonzero(finite)]
        values = values[finite]
    return TargetScores(
        target, tuple(complete), tuple(seeds), subjects, values, higher_is_better, left_out
    )


def _subjects(runs: Runs) -> tuple[str, ...]:
    """The subjects that any of the runs has."""
    sets = {subjects for subjects, _ in runs.values()}
    return sets.pop() if len(sets) == 1 else tuple(sorted(set().union(*sets)))
