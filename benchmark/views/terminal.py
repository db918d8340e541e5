"""Tables in a terminal."""

import re
from collections.abc import Callable, Mapping, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.leaderboard.build import Leaderboard
from benchmark.views.footnotes import footer
from benchmark.views.metric_ranks import agreement_line
from benchmark.views.tables import leaderboard_tables, title
from benchmark.views.text import TextTable

WORDS = re.compile(r"\[[^\]]*\]|\S+")  # what is never broken: intervals and words
KEYS = ("source", "strategy", "n", "sequence", "case", "cell")  # columns that name a row
GAP, EDGES = 2, 2  # between columns, and outside of them


def print_leaderboard(
    board: Leaderboard, console: Console, further: Sequence[TextTable] = ()
) -> None:
    """Print the leaderboard, and further tables."""
    console.rule(escape(title(board)), align="left")
    for table in (*leaderboard_tables(board), *further):
        print_table(table, console)
    if not len(board.rows):
        console.print(f"no records yet; type `segtransfer run {board.board.id}`", markup=False)
    for text in filter(None, (footer(board), agreement_line(board))):
        console.print(text, highlight=False, markup=False)


def print_table(
    table: TextTable, console: Console, widths: Mapping[str, int] | None = None
) -> None:
    """Print one table in the width of the terminal; names and intervals are never broken.

    Where they do not fit, intervals stand below their numbers, then strategies below their
    sources, and then the last columns follow in a table of their own.

    Args:
        table: What to print.
        console: Where.
        widths: Fixed widths of columns, by their heading; intervals then stand below.
    """
    if widths:
        shown, fixed = _stacked(table), [widths.get(head) for head in table.columns]
    else:
        shown, fixed = _fitted(table, console.width - EDGES)
    view = Table(title=escape(table.title), title_justify="left", box=SIMPLE,
                 padding=0 if widths else (0, 1, 0, 0), show_edge=not widths)  # fmt: skip
    for head, width in zip(shown.columns, fixed, strict=True):
        view.add_column(escape(head), overflow="fold", width=width)
    for row in shown.rows:
        view.add_row(*map(escape, row))
    console.print(view)
    if rest := _rest(table, shown):
        print_table(rest, console)


def _fitted(table: TextTable, width: int) -> tuple[TextTable, list[int | None]]:
    """The table as it fits, with the width of each column."""
    for shown in (table, _stacked(table), _stacked(_entries(table))):
        least = _wrapped_widths(shown)
        if sum(_unwrapped_widths(shown) if shown is table else least) <= width:
            break
    fewest = 1 + sum(head.split("\n")[0] in KEYS for head in shown.columns)
    count = len(least)
    while sum(least[:count]) > width and count > fewest:
        count -= 1
    shown = TextTable(shown.title, shown.columns[:count], [row[:count] for row in shown.rows])
    widths: list[int | None] = []
    unused = max(width - sum(least[:count]), 0)
    for small, large in zip(least, _unwrapped_widths(shown), strict=False):
        extra = min(large - small, unused)
        widths.append(small + extra - GAP)
        unused -= extra
    return shown, widths


def _rest(table: TextTable, shown: TextTable) -> TextTable | None:
    """The columns that are not shown yet, after those that name a row."""
    width = len(shown.columns) + sum(head.count("strategy") for head in shown.columns
                                     if head.startswith("source\n"))  # fmt: skip
    if width == len(table.columns):
        return None
    keys = [k for k, head in enumerate(table.columns[:width]) if head in KEYS] or [0]
    kept = [*keys, *range(width, len(table.columns))]
    rows = [[row[k] for k in kept] for row in (table.columns, *table.rows)]
    return TextTable("", rows[0], rows[1:])


def _stacked(table: TextTable) -> TextTable:
    """The table with intervals below their numbers."""
    rows = [[text.replace(" [", "\n[") for text in row] for row in (table.columns, *table.rows)]
    return TextTable(table.title, rows[0], rows[1:])


def _entries(table: TextTable) -> TextTable:
    """The table with the strategy below the source, if it has both."""
    columns = [*table.columns]
    if not {"source", "strategy"} <= set(columns):
        return table
    source, strategy = columns.index("source"), columns.index("strategy")
    rows = [[*row] for row in (columns, *table.rows)]
    for row in rows:
        row[source] += "\n" + row[strategy]
        del row[strategy]
    return TextTable(table.title, rows[0], rows[1:])


def _unwrapped_widths(table: TextTable) -> list[int]:
    """Width of each column, its gap included, if no line is wrapped."""
    return _widths(table, lambda text: text.split("\n"))


def _wrapped_widths(table: TextTable) -> list[int]:
    """Width of each column, its gap included, if lines are wrapped between words."""
    return _widths(table, WORDS.findall)


def _widths(table: TextTable, parts: Callable[[str], list[str]]) -> list[int]:
    columns = zip(table.columns, *table.rows, strict=True)
    return [
        GAP + max((len(part) for text in column for part in parts(text)), default=1)
        for column in columns
    ]
