"""The rows of a leaderboard as Parquet, with types that do not depend on what they hold."""

from io import BytesIO
from typing import Any

import pandas as pd

from benchmark.cards.card import fingerprint
from benchmark.errors import BenchmarkError
from benchmark.leaderboard.build import Leaderboard

TEXTS = ("target", "source", "strategy", "domain", "task", "encoder", "marks", "contamination",
         "unranked", "main_metric", "timing", "seeds", "why_unranked", "interval_covers",
         "gain_note", "energy_method", "trust")  # fmt: skip
COUNTS = ("train_subjects", "train_subjects_used", "pretraining_items", "total_parameters",
          "trainable_parameters", "failures", "scored", "subjects", "seeds_wanted",
          "group")  # fmt: skip


def to_parquet(board: Leaderboard) -> bytes:
    """The rows of all targets with every number, as Parquet; `attrs` say which board it is.

    Raises:
        BenchmarkError: pyarrow is not installed, or there is no record yet.
    """
    if not len(board.rows):
        raise BenchmarkError(f"board {board.board.id} has no records yet; nothing to write")
    columns = {str(name): _typed(str(name), board.rows[name]) for name in board.rows.columns}
    table = pd.DataFrame(columns)
    table.attrs = {
        "board": board.board.id,
        "protocol": fingerprint(board.board.protocol),
        "clean": board.clean,
        "synthetic": board.synthetic,
    }
    buffer = BytesIO()
    try:
        table.to_parquet(buffer, engine="pyarrow", index=False)
    except ImportError:
        raise BenchmarkError(
            "Parquet needs pyarrow; type `pip install segtransfer[parquet]`, or choose --format csv"
        ) from None
    return buffer.getvalue()


def _typed(name: str, column: "pd.Series[Any]") -> "pd.Series[Any]":
    """The same type whatever the rows hold; missing numbers are null."""
    if name in COUNTS:
        return column.astype("Float64").astype("Int64")
    if name in TEXTS:
        return column.astype("string")
    return column.map(list) if name == "records" else pd.to_numeric(column).astype("Float64")
