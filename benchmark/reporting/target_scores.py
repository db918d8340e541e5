"""All scores of one target as one array: entries x seeds x subjects, complete or left out."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmark.reporting.variance import Scores

Entry = Hashable
DECIMALS = 12  # scores closer than this are equal; rounding errors must not break ties


@dataclass(frozen=True)
class TargetScores:
    """Every entry of one target, scored on the same subjects under the same seeds.

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

    def only(self, entries: Sequence[Entry]) -> "TargetScores":
        """The same target with some of its entries, in the order given."""
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


def target_scores(
    target: str,
    tables: Mapping[Entry, pd.DataFrame],
    seeds: Sequence[int],
    higher_is_better: bool = True,
) -> TargetScores:
    """Stack one table per entry; an entry that is not complete is left out, never filled in.

    An entry is complete when it has every seed, the subjects that most entries have, and a
    finite score for each. Nothing complete gives an array with no entries.

    Args:
        target: Id of the target task.
        tables: Per entry one row a seed, one column a subject.
        seeds: All seeds of the board.
        higher_is_better: Direction of the metric.
    """
    sets = Counter(tuple(sorted(map(str, table.columns))) for table in tables.values())
    subjects = sets.most_common(1)[0][0] if sets else ()
    found: dict[Entry, Scores] = {}
    left_out: dict[Entry, str] = {}
    for entry, table in tables.items():
        named = table.rename(columns=str)
        lacking = [seed for seed in seeds if seed not in named.index]
        if lacking:
            left_out[entry] = "lacks seed " + ", ".join(map(str, lacking))
        elif tuple(sorted(named.columns)) != subjects:
            left_out[entry] = "was scored on other subjects than most entries"
        else:
            values = named.loc[list(seeds), list(subjects)].to_numpy(dtype=np.float64)
            if np.isfinite(values).all():
                found[entry] = values
            else:
                left_out[entry] = "has subjects without a score"
    shape = (0, len(seeds), len(subjects))
    stacked = np.stack(list(found.values())) if found else np.empty(shape)
    return TargetScores(
        target, tuple(found), tuple(seeds), subjects, stacked, higher_is_better, left_out
    )
