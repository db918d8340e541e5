"""The tables of real runs on the pages of the four works are those of the shipped records.

`PYTHONPATH=tests python tests/docs/test_board_pages.py` prints them, for the pages.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from benchmark.views.text import format_interval

ROOT = Path(__file__).parents[2]


class Pivot(NamedTuple):
    """What a row and a column of the table of a board are; columns of `leaderboard.csv`."""

    page: str
    row: str
    column: str


PIVOTS = {
    "real_zoetmulder2022": Pivot("zoetmulder2022", "source", "target"),
    "real_yoon2024": Pivot("yoon2024", "source", "train_subjects"),
}


def table(board: str) -> str:
    """Scores and gains of a board with their intervals, as Markdown."""
    pivot, rows = PIVOTS[board], pd.read_csv(ROOT / "leaderboards" / board / "leaderboard.csv")
    heads = [*dict.fromkeys(rows[pivot.column])]
    cells = {(row[pivot.row], row[pivot.column]): _cell(row) for _, row in rows.iterrows()}
    lines = [[pivot.row, *map(str, heads)], ["---"] * (len(heads) + 1)]
    for name in dict.fromkeys(rows[pivot.row]):
        lines.append([f"`{name}`", *(cells.get((name, head), "") for head in heads)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(row: "pd.Series[Any]") -> str:
    score = format_interval(row["score"], row["low"], row["high"], ".3f")
    if row["group"] == 1:
        score += " a"
    gain = format_interval(row["gain"], row["gain_low"], row["gain_high"], "+.3f")
    return score if gain == "-" else f"{score}; {gain}"


@pytest.mark.parametrize("board", PIVOTS)
def test_the_page_shows_the_numbers_of_the_records(board: str) -> None:
    page = (ROOT / "docs/boards" / f"{PIVOTS[board].page}.md").read_text(encoding="utf-8")
    assert table(board) in page, table(board)


if __name__ == "__main__":
    sys.stdout.write("\n\n".join(map(table, PIVOTS)) + "\n")
