"""The tables of the page on real images are those of the records.

`PYTHONPATH=tests python tests/docs/test_real_results.py` prints them, for the page.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from support.factories import shipped_registry

from benchmark.leaderboard.compare import compare
from benchmark.leaderboard.entry_name import find_entries
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.views.text import format_interval, format_number

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "leaderboards/real_v2"
SETTINGS = (("full", 4), ("full", 16), ("full", 0), ("decoder", 16), ("linear", 16))  # 0: all
FROZEN = ("imagenet_mobilenet_v2", "imagenet_efficientnet_lite0", "hippocampus_segmentation")


def results() -> pd.DataFrame:
    """Rows with a rank, in the board's order of sources."""
    rows = pd.read_csv(BOARD / "leaderboard.csv")
    order = shipped_registry().board("real_v2").sources
    ranked = rows[rows["rank"].notna()]
    return ranked.iloc[ranked["source"].map(order.index).argsort(kind="stable")]


def gain_table(rows: pd.DataFrame) -> str:
    """Gains on one target: a row a source, a column a strategy and number of training subjects."""
    cells = {
        (row["strategy"], row["train_subjects"], row["source"]): _cell(row)
        for _, row in rows.iterrows()
    }
    shown = [setting for setting in SETTINGS if any(key[:2] == setting for key in cells)]
    lines = [["source", *(f"{strategy}, {size or 'all'}" for strategy, size in shown)]]
    for source in dict.fromkeys(rows["source"]):
        lines.append([f"`{source}`", *(cells.get((*one, source), "") for one in shown)])
    return _markdown(lines)


def frozen_table(strategy: str, targets: list[str], records: list[RunRecord]) -> str:
    """Full fine-tuning minus another strategy, 16 subjects: a row a source, a column a target."""
    board = Store(BOARD).board()
    lines = [["source", *targets]]
    for source in FROZEN:
        entries = find_entries(f"{source}/full/n16", f"{source}/{strategy}/n16", records)
        means = {one.target: one.subjects for one in compare(board, *entries, records)}
        differences = [
            (mean.value, mean.low, mean.high) for mean in map(means.get, targets) if mean
        ]
        lines.append([f"`{source}`", *(format_interval(*one, "+.3f") for one in differences)])
    return _markdown(lines)


def tables() -> list[str]:
    """Every table of the page: gains by target, then full fine-tuning against frozen encoders."""
    by_target = {str(name): rows for name, rows in results().groupby("target", sort=False)}
    with_frozen = [name for name, rows in by_target.items() if "decoder" in {*rows["strategy"]}]
    records = [record for _, record in Store(BOARD).records()]
    frozen = [frozen_table(strategy, with_frozen, records) for strategy in ("decoder", "linear")]
    return [*map(gain_table, by_target.values()), *frozen]


def _cell(row: "pd.Series[Any]") -> str:
    score = format_number(row["score"], ".3f") + (" a" if row["group"] == 1 else "")
    gain = format_interval(row["gain"], row["gain_low"], row["gain_high"], "+.3f")
    return score if gain == "-" else f"{score}; {gain}"


def _markdown(lines: list[list[str]]) -> str:
    rows = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def test_the_page_shows_the_numbers_of_the_records() -> None:
    page = (ROOT / "docs/real-results.md").read_text(encoding="utf-8")
    for table in tables():
        assert table in page, table
    count = len([*(BOARD / "records").rglob("*.json")])
    assert f"**{count} cells are finished**" in page


if __name__ == "__main__":
    sys.stdout.write("\n\n".join(tables()) + "\n")
