"""The leaderboard in Markdown, and the files of a board's folder."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.files import write_text
from benchmark.leaderboard.build import Leaderboard
from benchmark.views.csv import to_csv
from benchmark.views.footnotes import footer
from benchmark.views.metric_ranks import agreement_tables
from benchmark.views.tables import leaderboard_tables, title
from benchmark.views.text import TextTable, escape_markdown, markdown_section


def to_markdown(board: Leaderboard, further: Sequence[TextTable] = ()) -> str:
    """The leaderboard, and further tables."""
    lines = [f"# {escape_markdown(title(board))}", "", escape_markdown(board.board.description), ""]
    for table in (*leaderboard_tables(board), *further, *agreement_tables(board)):
        lines += markdown_section(table)
    return "\n".join([*lines, escape_markdown(footer(board)), ""])


def write_leaderboard(folder: Path, board: Leaderboard, further: Sequence[TextTable] = ()) -> None:
    """Write leaderboard.csv and README.md into the folder of a board."""
    write_text(folder / "leaderboard.csv", to_csv(board))
    write_text(folder / "README.md", to_markdown(board, further))
