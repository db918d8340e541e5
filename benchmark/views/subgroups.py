"""Scores of groups of subjects as tables of text."""

from collections.abc import Iterable, Sequence

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


def subgroup_tables(subgroups: Iterable[Subgroup]) -> list[TextTable]:
    """One table for each target, lane and group of subjects."""
    tables: dict[tuple[str, str, str], list[Subgroup]] = {}
    for subgroup in subgroups:
        tables.setdefault((subgroup.target, subgroup.lane, subgroup.group), []).append(subgroup)
    return [_table(group) for group in tables.values()]


def _table(subgroups: Sequence[Subgroup]) -> TextTable:
    first = subgroups[0]
    metric = METRICS[first.metric]
    unknown = f"; {counted(first.unknown, 'subject')} in no part" if first.unknown else ""
    lane = "" if first.lane == "unet" else f", lane {first.lane}"
    columns = ["source", "strategy", "n", first.group, "subjects",
               f"{metric.title} {metric.arrow} [95 %]", "difference [95 %]"]  # fmt: skip
    by_entry: dict[tuple[int, str, str], list[list[str]]] = {}
    for subgroup in subgroups:
        few = " (few)" if min(subgroup.subjects, subgroup.rest) < FEW else ""
        row = [
            subgroup.source,
            subgroup.strategy,
            str(subgroup.train_subjects or "all"),
            subgroup.part,
            f"{subgroup.subjects}{few}",
            format_estimate(subgroup.mean, metric.number_format),
            format_estimate(subgroup.difference, f"+{metric.number_format}"),
        ]
        by_entry.setdefault(
            (subgroup.train_subjects, subgroup.source, subgroup.strategy), []
        ).append(row)
    rows = [row for parts in by_entry.values() for row in parts]
    return TextTable(f"{first.target}{lane} by {first.group}{unknown}", columns, rows)
