"""The table of docs/strategies.md is that of the shipped records of `real_strategies_v2`.

`PYTHONPATH=tests python tests/docs/test_strategies.py` prints it, for the page.
"""

import sys
from pathlib import Path

import pandas as pd

from benchmark.views.text import format_interval

ROOT = Path(__file__).parents[2]
BOARD = "real_strategies_v2"
HEADS = ("training examinations", "lane", "rank [95 %]", "strategy", "trained parameters",
         "Dice ↑ [95 %]", "HD95 mm ↓", "circumference error mm ↓", "training GFLOP")  # fmt: skip


def table() -> str:
    """ImageNet's encoder under every strategy, and random initialisation, as Markdown."""
    rows = pd.read_csv(ROOT / "leaderboards" / BOARD / "leaderboard.csv")
    lines = [[*HEADS], ["---"] * len(HEADS)]
    for row in rows.to_dict("records"):
        source = "" if row["source"] == "imagenet_mobilenet_v2" else f" ({row['source']})"
        letter = " a" if row["group"] == 1 else ""
        lines.append([
            str(row["train_subjects"] or "all"), row["lane"],
            f"{row['rank']:g}{letter} [{row['rank_low']:g}, {row['rank_high']:g}]",
            f"`{row['strategy']}`{source}", f"{row['trainable_parameters']:,}",
            format_interval(row["score"], row["low"], row["high"], ".3f"),
            f"{row['mean_hd95_mm']:.2f}", f"{row['mean_head_circumference_absolute_error_mm']:.2f}",
            f"{row['training_gflop']:,.0f}",
        ])  # fmt: skip
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def test_the_page_shows_the_numbers_of_the_records() -> None:
    page = (ROOT / "docs/strategies.md").read_text(encoding="utf-8")
    assert table() in page, table()


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
