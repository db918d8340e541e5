"""The comparison of every two entries as one table of a page, which a chooser filters."""

from dataclasses import dataclass

from benchmark.leaderboard.pairs import entry_pairs
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures.style import entry_name
from benchmark.views.page.cells import (
    as_list,
    floats,
    interval_cells,
    link_cells,
    mark_cells,
    number_cells,
    text_cells,
)
from benchmark.views.page.columns import lane_columns, size_column, subjects_column
from benchmark.views.page.context import Context
from benchmark.views.page.table import Column, PageTable

MOST_ENTRIES, MOST_PAIRS = 12, 1500  # so that a page stays small


@dataclass(frozen=True)
class PairSection:
    """What a page compares.

    Attributes:
        table: One row per pair.
        entries: Names to choose from, as the table has them.
        left_out: Whether a board is too large for all of its pairs.
    """

    table: PageTable
    entries: tuple[str, ...]
    left_out: bool


def pair_section(context: Context) -> PairSection | None:
    """Every two entries of the board; None without a pair."""
    rows, left_out = entry_pairs(context.board, entries=MOST_ENTRIES, pairs=MOST_PAIRS)
    if not len(rows):
        return None
    several = rows["first_strategy"].nunique() > 1 or rows["second_strategy"].nunique() > 1
    first, second = (
        [
            entry_name(*entry, several)
            for entry in zip(rows[f"{side}_source"], rows[f"{side}_strategy"], strict=True)
        ]
        for side in ("first", "second")
    )
    differences = interval_cells(rows, "difference", "+.3f")
    smallest = number_cells(floats(rows, "detectable"), ".3f")
    table = PageTable("Pairs of entries", [
        Column("target", "target", link_cells(rows["target"], context.targets)),
        *([size_column(rows)] if context.sized else []),
        *lane_columns(context, rows),
        Column("first", "A", text_cells(first)),
        Column("second", "B", text_cells(second)),
        Column("difference", "A better than B by", differences, best_first=True),
        Column("not_better", "P(A is not better than B)",
               number_cells(floats(rows, "not_better"), ".3f")),
        Column("detectable", "smallest found in 80 % of boards", smallest),
        subjects_column(rows),
        Column("metric", "metric", text_cells(METRICS[name].title + METRICS[name].unit_suffix
                                              for name in as_list(rows["main_metric"]))),
        Column("marks", "marks", mark_cells(rows)),
    ])  # fmt: skip
    return PairSection(table, tuple(sorted({*first, *second})), left_out)
