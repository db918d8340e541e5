"""All scores of one target as one array: entries x seeds x subjects, complete or left out."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

import numpy as np

from benchmark.statistics.anova import Scores

if TYPE_CHECKING:  # worker processes start sooner without pandas
    import pandas as pd

Entry = Hashable
Name = TypeVar("Name", bound=Hashable)
Runs = Mapping[int, tuple[tuple[str, ...], Scores]]  # per seed the subjects and their scores
DECIMALS = 12  # scores closer than this are equal; rounding errors must not break ties


@dataclass(frozen=True, eq=False)
class TargetScores:
    """Every entry of one target, scored on the same subjects under the same seeds.

    Equal is only what is the same object, so that draws of one can be kept.

    Attributes:
        target: Id of the target task.
        entries: What is compared (source x strategy x size), along the first axis.
        seeds: Along the second axis.
        subjects: Along the third axis; cases of a subject are averaged before.
        values: Scores (entries, seeds, subjects), finite, in the unit of the metric.
        higher_is_better: Direction of the metric.
        left_out: Entries that cannot be compared here, each with the reason in words.
    """

    target: str
    entries: tuple[Entry, ...]
    seeds: tuple[int, ...]
    subjects: tuple[str, ...]
    values: Scores
    higher_is_better: bool = True
    left_out: Mapping[Entry, str] = field(default_factory=dict)

    @property
    def goodness(self) -> Scores:
        """The values, with the sign turned where lower is better: higher is always better."""
        return self.values if self.higher_is_better else -self.values

    @property
    def draw_seed(self) -> int:
        """Seed of this target's draws, which are independent of those of other targets."""
        return crc32(self.target.encode())

    def only(self, entries: Sequence[Entry]) -> "TargetScores":
        """The same target with some of its entries, in the order given."""
        if self.entries == tuple(entries):
            return self
        rows = [self.entries.index(entry) for entry in entries]
        return TargetScores(
            self.target,
            tuple(entries),
            self.seeds,
            self.subjects,
            self.values[rows],
            self.higher_is_better,
            self.left_out,
        )


def stack_runs(
    target: str,
    runs: Mapping[Name, Runs],
    seeds: Sequence[int],
    higher_is_better: bool = True,
) -> TargetScores:
    """Stack the runs of each entry; one that is not complete is left out, never filled in.

    An entry is complete when it has every seed, the subjects that most entries have, and a
    finite score for each. Nothing complete gives an array with no entries.

    Args:
        target: Id of the target task.
        runs: Of each entry; subjects are sorted.
        seeds: All seeds of the board.
        higher_is_better: Direction of the metric.
    """
    named = {entry: _subjects(some) for entry, some in runs.items()}
    subjects = Counter(named.values()).most_common(1)[0][0] if named else ()
    whole: list[Name] = []
    left_out: dict[Entry, str] = {}
    for entry, some in runs.items():
        lacking = [seed for seed in seeds if seed not in some]
        if lacking:
            left_out[entry] = "lacks seed " + ", ".join(map(str, lacking))
        elif named[entry] != subjects:
            left_out[entry] = "was scored on other subjects than most entries"
        elif any(some[seed][0] != subjects for seed in seeds):
            left_out[entry] = "has subjects without a score"
        else:
            whole.append(entry)
    rows = [runs[entry][seed][1] for entry in whole for seed in seeds]
    stacked = np.array(rows, dtype=np.float64).reshape(len(whole), len(seeds), len(subjects))
    known = np.isfinite(stacked).all(axis=(1, 2))
    if not known.all():
        for place in np.flatnonzero(~known):
            left_out[whole[place]] = "has subjects without a score"
        whole = [whole[place] for place in np.flatnonzero(known)]
        stacked = stacked[known]
    return TargetScores(
        target, tuple(whole), tuple(seeds), subjects, stacked, higher_is_better, left_out
    )


def _subjects(runs: Runs) -> tuple[str, ...]:
    """The subjects that any of the runs has."""
    sets = {subjects for subjects, _ in runs.values()}
    return sets.pop() if len(sets) == 1 else tuple(sorted(set().union(*sets)))


def target_scores(
    target: str,
    tables: Mapping[Entry, "pd.DataFrame"],
    seeds: Sequence[int],
    higher_is_better: bool = True,
) -> TargetScores:
    """As `stack_runs`, from one table per entry: a row a seed, a column a subject."""
    runs = {
        entry: {
            int(str(seed)): (tuple(sorted(map(str, table.columns))), scores.to_numpy(np.float64))
            for seed, scores in table.rename(columns=str).sort_index(axis=1).iterrows()
        }
        for entry, table in tables.items()
    }
    return stack_runs(target, runs, seeds, higher_is_better)
