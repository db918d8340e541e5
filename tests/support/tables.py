"""Rows and values of data frames, typed: `loc` may be anything to a type checker."""

from collections.abc import Hashable
from typing import Any, cast

import pandas as pd


def row(table: pd.DataFrame, key: Hashable) -> "pd.Series[Any]":
    """The row of that key of the index."""
    return cast("pd.Series[Any]", table.loc[key])  # type: ignore[call-overload]


def value(table: pd.DataFrame, key: Hashable, column: str) -> Any:
    """One value, or a list of them where several rows have the key."""
    return table.loc[key, column]  # type: ignore[index]
