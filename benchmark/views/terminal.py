"""Tables in a terminal."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.leaderboard.build import Leaderboard
from benchmark.views.tables import footer, leaderboard_tables, title
from benchmark.views.text import TextTable

NARROWEST = {"source": 10, "seeds": 10, "lacks": 10, "notes": 10}  # columns that may be wrapped


def print_leaderboard(
    board: Leaderboard, console: Console, further: Sequence[TextTable] = ()
) -> None:
    """Print the leaderboard, and further tables."""
    console.rule(escape(title(board)), align="left")
    for table in (*leaderboard_tables(board), *further):
        print_table(table, console)
    if not len(board.rows):
        console.print(f"no records yet; type `segtransfer run {board.board.id}`", markup=False)
    console.print(footer(board), highlight=False, markup=False)


def print_table(
    table: TextTable, console: Console, widths: Mapping[str, int] | None = None
) -> None:
    """Print one table; intervals stand below their numbers.

    Args:
        table: What to print.
        console: Where.
        widths: Fixed widths of columns, by their heading.
    """
    view = Table(title=escape(table.title), title_justify="left", box=SIMPLE,
                 padding=0 if widths else (0, 1, 0, 0), show_edge=not widths)  # fmt: skip
    for head in table.columns:
        width = widths.get(head) if widths else None
        narrowest = None if widths else NARROWEST.get(head, len(head.split()[0]))
        view.add_column(escape(head), overflow="fold", width=width, min_width=narrowest)
    space = " " if widths else "\u00a0"
    for row in table.rows:
        view.add_row(
            *(escape(text.replace(" [", "\n[").replace(", ", f",{space}")) for text in row)
        )
    console.print(view)
