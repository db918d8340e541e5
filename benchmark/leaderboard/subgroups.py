"""Scores of groups of test subjects, per setting and entry."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from benchmark.cards.registry import Registry
from benchmark.cards.subject_groups import SubjectGroups, read_subject_groups
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey, Setting
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.subgroups import SubgroupMean, subgroup_means


@dataclass(frozen=True)
class Subgroup:
    """One part of a group of subjects in one setting.

    Attributes:
        setting: Target, lane and number of training subjects.
        metric: Name of the metric.
        group: What divides the subjects, such as `lesion_size`.
        part: The part, such as "below 1 ml".
        subjects: Test subjects in it.
        rest: Test subjects in the other parts.
        unknown: Test subjects in no part; they are left out.
        entries: The ranked entries.
        means: Of each entry.
    """

    setting: Setting
    metric: str
    group: str
    part: str
    subjects: int
    rest: int
    unknown: int
    entries: tuple[EntryKey, ...]
    means: tuple[SubgroupMean, ...]


def registered_groups(registry: Registry) -> dict[str, SubjectGroups]:
    """Groups of subjects by target, from the folders of the data sets.

    Raises:
        CardError: A groups.csv is malformed.
    """
    of_dataset = {name: read_subject_groups(registry.folders[name]) for name in registry.datasets}
    return {target.id: of_dataset[target.dataset] for target in registry.targets.values()}


def subgroups(leaderboard: Leaderboard, groups: Mapping[str, SubjectGroups]) -> Iterator[Subgroup]:
    """Every part of every group that has test subjects inside and outside.

    Args:
        leaderboard: Ranked entries alone have subgroups.
        groups: Of the subjects, by target.
    """
    for setting, scores in leaderboard.scores.items():
        if not scores.entries:
            continue
        rows = leaderboard.rows[leaderboard.rows["target"] == setting.target]
        metric = METRICS[str(rows["main_metric"].iloc[0])]
        for group, part_of in groups.get(setting.target, {}).items():
            parts = np.array([part_of.get(name, "") for name in scores.subjects])
            known = parts != ""
            own = replace(
                scores,
                subjects=tuple(name for name in scores.subjects if name in part_of),
                values=scores.values[:, :, known],
            )
            for part in sorted(set(parts[known].tolist()), key=_place):
                inside = parts[known] == part
                if not inside.all():
                    yield Subgroup(
                        setting, metric.name, group, part, int(inside.sum()),
                        int((~inside).sum()), int((~known).sum()),
                        tuple(cast(EntryKey, entry) for entry in own.entries),
                        tuple(subgroup_means(own, inside, (0.0, metric.bounds[1]))),
                    )  # fmt: skip


def _place(part: str) -> tuple[float, bool, str]:
    """Parts of numbers in the order of their bounds, others in that of their names."""
    number = re.search(r"\d+(\.\d+)?", part)
    return float(number[0]) if number else 0.0, not part.startswith("below"), part
