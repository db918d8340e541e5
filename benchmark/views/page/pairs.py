"""The comparison of every two entries as one table of a page, which a chooser filters."""

from dataclasses import dataclass

from benchmark.leaderboard.pairs import entry_pairs
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures.style import entry_name
from benchmark.views.page import cells, columns
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
    differences = cells.intervals(rows, "difference", "+.3f")
    metrics = [METRICS[name] for name in cells.as_list(rows["main_metric"])]
    shown = [
        Column("target", "target", cells.links(rows["target"], context.targets)),
        *([columns.size(rows)] if context.sized else []),
        *columns.lanes(context, rows),
        Column("first", "A", cells.texts(first)),
        Column("second", "B", cells.texts(second)),
        Column("difference", "A better than B by", differences, best_first=True),
        columns.number(rows, "not_better", "P(A is not better than B)", ".3f"),
        columns.number(rows, "detectable", "smallest found in 80 % of boards", ".3f"),
        columns.subjects(rows),
        Column("metric", "metric", cells.texts(m.title + m.unit_suffix for m in metrics)),
        Column("marks", "marks", cells.marks(rows)),
    ]
    table = PageTable("Pairs of entries", shown)
    return PairSection(table, tuple(sorted({*first, *second})), left_out)
