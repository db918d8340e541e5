"""Scores of groups of test subjects, per setting and entry."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from benchmark.cards.lanes import Lane
from benchmark.cards.registry import Registry
from benchmark.cards.subject_groups import SubjectGroups, read_subject_groups
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey
from benchmark.statistics.intervals import Estimate
from benchmark.statistics.subgroups import subgroup_means


@dataclass(frozen=True)
class Subgroup:
    """An entry in one part of a group of test subjects.

    Attributes:
        target: Id of the target task.
        lane: Of the entry.
        train_subjects: 0 for all.
        source: Of the entry, which is ranked.
        strategy: Likewise.
        metric: Name of the metric.
        group: What divides the subjects, such as `lesion_size`.
        part: The part, such as "below 1 ml".
        subjects: Test subjects in it.
        rest: Test subjects in the other parts.
        unknown: Test subjects in no part; they are left out.
        mean: Mean score of the part.
        difference: From the mean score of the other parts.
    """

    target: str
    lane: Lane
    train_subjects: int
    source: str
    strategy: str
    metric: str
    group: str
    part: str
    subjects: int
    rest: int
    unknown: int
    mean: Estimate
    difference: Estimate


def registered_groups(registry: Registry) -> dict[str, SubjectGroups]:
    """Groups of subjects by target, from the folders of the data sets.

    Raises:
        CardError: A groups.csv is malformed.
    """
    of_dataset = {name: read_subject_groups(registry.folders[name]) for name in registry.datasets}
    return {target.id: of_dataset[target.dataset] for target in registry.targets.values()}


def subgroups(leaderboard: Leaderboard, groups: Mapping[str, SubjectGroups]) -> Iterator[Subgroup]:
    """Every ranked entry in every part of every group with test subjects inside and outside.

    Args:
        leaderboard: Its rows and scores.
        groups: Of the subjects, by target.
    """
    for setting, scores in leaderboard.scores.items():
        if not scores.entries:
            continue
        metric = leaderboard.metric(setting.target)
        for group, part_of in groups.get(setting.target, {}).items():
            parts = np.array([part_of.get(name, "") for name in scores.subjects])
            known = parts != ""
            known_scores = replace(
                scores,
                subjects=tuple(name for name in scores.subjects if name in part_of),
                values=scores.values[:, :, known],
            )
            for part in sorted(set(parts[known].tolist()), key=_place):
                inside = parts[known] == part
                if inside.all():
                    continue
                means = subgroup_means(known_scores, inside, (0.0, metric.bounds[1]))
                for entry, (mean, gap) in zip(known_scores.entries, means, strict=True):
                    source, strategy = cast(EntryKey, entry)
                    yield Subgroup(
                        *setting, source, strategy, metric.name, group, part, int(inside.sum()),
                        int((~inside).sum()), int((~known).sum()), mean, gap,
                    )  # fmt: skip


def _place(part: str) -> tuple[float, bool, str]:
    """Parts of numbers in the order of their bounds, others in that of their names."""
    number = re.search(r"\d+(\.\d+)?", part)
    return float(number[0]) if number else 0.0, not part.startswith("below"), part
