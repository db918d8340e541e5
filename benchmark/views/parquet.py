"""The rows of a leaderboard as Parquet, with types that do not depend on the values."""

from io import BytesIO
from typing import Any

import pandas as pd

from benchmark.cards.card import fingerprint
from benchmark.errors import BenchmarkError
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.columns import Kind, leaderboard_columns


def to_parquet(board: Leaderboard) -> bytes:
    """The rows of all targets with every number, as Parquet; `attrs` identify the board.

    Raises:
        BenchmarkError: pyarrow is not installed, or the board has no record.
    """
    if not len(board.rows):
        raise BenchmarkError(f"board {board.board.id} has no records yet; nothing to write")
    rows = board.rows
    columns = leaderboard_columns(map(str, rows.columns))
    table = pd.DataFrame({name: _typed(rows[name], column.kind) for name, column in columns})
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


def _typed(column: "pd.Series[Any]", kind: Kind) -> "pd.Series[Any]":
    """The same type whatever the rows hold; missing numbers are null."""
    if kind == "list":
        return column.map(list)
    if kind == "text":
        return column.astype("string")
    numbers = pd.to_numeric(column).astype("Float64")
    return numbers.astype("Int64") if kind == "count" else numbers
