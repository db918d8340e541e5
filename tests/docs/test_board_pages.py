"""The tables of real runs on the pages of the four works are those of the shipped records.

`PYTHONPATH=tests python tests/docs/test_board_pages.py` prints them, for the pages.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from support.factories import shipped_registry

from benchmark.leaderboard.published import compare_with_published
from benchmark.records.store import Store
from benchmark.views.text import format_interval

ROOT = Path(__file__).parents[2]


class Pivot(NamedTuple):
    """What rows and columns of the table of a board are; columns of `leaderboard.csv`.

    `mean` is a column whose mean over the targets closes each row.
    """

    page: str
    rows: tuple[str, ...]
    column: str
    mean: str = ""


PIVOTS = {
    "real_zoetmulder2022": Pivot("zoetmulder2022", ("source",), "target"),
    "real_yoon2024": Pivot("yoon2024", ("source",), "train_subjects"),
    "real_cheng2021": Pivot(
        "cheng2021", ("source", "strategy"), "target", mean="mean_artefact_count"
    ),
    "real_wang2023": Pivot("wang2023", ("source", "strategy"), "target"),
}


def table(board: str) -> str:
    """Scores and gains of a board with their intervals, as Markdown."""
    pivot, rows = PIVOTS[board], pd.read_csv(ROOT / "leaderboards" / board / "leaderboard.csv")
    heads = [*dict.fromkeys(rows[pivot.column])]
    last = [pivot.mean.replace("mean_", "").replace("_", " ")] if pivot.mean else []
    lines = [[*pivot.rows, *map(str, heads), *last]]
    lines.append(["---"] * len(lines[0]))
    for names, own in rows.groupby([*pivot.rows], sort=False):
        cells = {row[pivot.column]: _cell(row) for _, row in own.iterrows()}
        mean = [f"{own[pivot.mean].mean():.2f}"] if pivot.mean else []
        entry = [f"`{name}`" for name in names]
        lines.append([*entry, *(cells.get(head, "") for head in heads), *mean])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(row: "pd.Series[Any]") -> str:
    score = format_interval(row["score"], row["low"], row["high"], ".3f")
    if row["group"] == 1:
        score += " a"
    gain = format_interval(row["gain"], row["gain_low"], row["gain_high"], "+.3f")
    return score if gain == "-" else f"{score}; {gain}"


def paper_table() -> str:
    """Dice pooled over batches with all training images: of Wang et al. and of `real_wang2023`."""
    registry = shipped_registry()
    board = registry.board("real_wang2023")
    lines = ["| source | strategy | paper | ours | difference |", "| --- | --- | --- | --- | --- |"]
    for number in compare_with_published(registry, board, Store(registry.folders[board.id]), {}):
        paper, ours = number.published, number.ours
        first = paper.metric == "pooled_dice" and "exact" in paper.certainty
        if ours and first and not paper.train_subjects:
            values = [f"{one.value:.4f} ({one.sd:.4f})" for one in (paper, ours)]
            entry = [f"`{ours.cell[1]}`", f"`{paper.strategy}`"]
            row = [*entry, *values, f"{ours.value - paper.value:+.4f}"]
            lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


@pytest.mark.parametrize("board", PIVOTS)
def test_the_page_shows_the_numbers_of_the_records(board: str) -> None:
    page = (ROOT / "docs/boards" / f"{PIVOTS[board].page}.md").read_text(encoding="utf-8")
    assert table(board) in page, table(board)


def test_the_numbers_of_a_paper_stand_beside_those_of_the_records() -> None:
    page = (ROOT / "docs/boards/wang2023.md").read_text(encoding="utf-8")
    assert paper_table() in page, paper_table()


if __name__ == "__main__":
    sys.stdout.write("\n\n".join([*map(table, PIVOTS), paper_table()]) + "\n")
