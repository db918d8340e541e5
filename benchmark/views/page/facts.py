"""What a page shows of each record."""

import json

import numpy as np
import pandas as pd

from benchmark.leaderboard.bulk.record_columns import RecordColumns


def page_records(records: RecordColumns) -> pd.DataFrame:
    """One row per record, in the order of the records.

    Returns:
        All their columns; `score` is the mean of the main metric over subjects, `curve` a list of
        step and validation Dice with the chosen learning rate.
    """
    if not len(records):
        return pd.DataFrame()
    sums = np.add.reduceat(records.scores, np.cumsum(records.lengths) - records.lengths)
    return pd.DataFrame({
        **{name: column.tolist() for name, column in records.texts.items()},
        **records.numbers,
        "score": sums / records.lengths,
        "curve": list(records.texts["curve"].array(json.loads)),
    })  # fmt: skip
