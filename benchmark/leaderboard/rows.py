"""Parts of the rows of a leaderboard: those of a lane and size, their entries, their metric."""

import numpy as np
import pandas as pd

from benchmark.leaderboard.index import EntryKey, LaneSize
from benchmark.scoring.metrics import METRICS, Metric


def rows_of_size(rows: pd.DataFrame, size: LaneSize) -> pd.DataFrame:
    """Rows of one lane and number of training subjects."""
    return rows[(rows["lane"] == size.lane) & (rows["train_subjects"] == size.train_subjects)]


def entries_of(rows: pd.DataFrame) -> list[EntryKey]:
    """Source and strategy of each row."""
    return list(zip(rows["source"], rows["strategy"], strict=True))


def best_rows(rows: pd.DataFrame, baseline: str, most: int) -> pd.DataFrame:
    """The first rows, and those of the baseline."""
    return rows[(np.arange(len(rows)) < most) | (rows["source"] == baseline)]


def main_metric(rows: pd.DataFrame) -> Metric:
    """What is ranked in rows of one target."""
    return METRICS[str(rows["main_metric"].iloc[0])]
