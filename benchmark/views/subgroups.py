"""Scores of groups of subjects as tables of text."""

from collections.abc import Sequence
from itertools import groupby

from benchmark.leaderboard.subgroups import Subgroup
from benchmark.scoring.metrics import METRICS
from benchmark.views.text import TextTable, counted, format_estimate

FEW = 10  # subjects
METHOD = (
    "Difference: mean of a part minus mean of the test subjects in the other parts, with its 95 % "
    "interval (Student's t of the sum of both variances, with subjects and seeds). Nothing is "
    f"corrected for the number of comparisons. few: fewer than {FEW} subjects in the part or in "
    "the others, so that an interval says little."
)


def subgroup_tables(groups: Sequence[Subgroup]) -> list[TextTable]:
    """One table for each target, lane and group of subjects."""
    tables: dict[tuple[str, str, str], list[Subgroup]] = {}
    for own in groups:
        key = (own.setting.target, own.setting.lane, own.group)
        tables.setdefault(key, []).append(own)
    return [_table(own) for own in tables.values()]


def _table(groups: Sequence[Subgroup]) -> TextTable:
    first = groups[0]
    metric = METRICS[first.metric]
    unknown = f"; {counted(first.unknown, 'subject')} in no part" if first.unknown else ""
    lane = "" if first.setting.lane == "unet" else f", lane {first.setting.lane}"
    columns = ["source", "strategy", "n", first.group, "subjects",
               f"{metric.title} {metric.arrow} [95 %]", "difference [95 %]"]  # fmt: skip
    style = metric.number_format
    by_size = groupby(groups, lambda own: own.setting.train_subjects)
    rows = [
        _row(part, number, style)
        for parts in (list(same) for _, same in by_size)
        for number in range(len(parts[0].means))
        for part in parts
    ]
    return TextTable(f"{first.setting.target}{lane} by {first.group}{unknown}", columns, rows)


def _row(part: Subgroup, number: int, style: str) -> list[str]:
    """One entry in one part."""
    own, few = part.means[number], min(part.subjects, part.rest) < FEW
    return [
        *part.entries[number],
        str(part.setting.train_subjects or "all"),
        part.part,
        f"{part.subjects}{' (few)' * few}",
        format_estimate(own.mean, style),
        format_estimate(own.gap, f"+{style}"),
    ]
