"""What a page shows of each record, a row a record."""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmark.leaderboard.record_columns import RecordColumns
from benchmark.records.trust import LEVELS, TrustLevel

TEXTS = ("path", "target", "source", "strategy", "domain", "task", "encoder", "source_title",
         "marks", "unranked", "weights", "coverage", "energy_method", "software",
         "started")  # fmt: skip
COUNTS = ("train_subjects", "seed", "train_subjects_used", "failures", "scored", "step")
AMOUNTS = ("learning_rate", "validation_dice", "fine_tuning_seconds")


def page_records(cells: RecordColumns, trust: Mapping[str, TrustLevel]) -> pd.DataFrame:
    """Which cell each record is, its score, and how it came about.

    Args:
        cells: Of a folder.
        trust: Of `trust_levels`.

    Returns:
        A row a record, in the order of the cells; `curve` is of the chosen learning rate.
    """
    if not len(cells):
        return pd.DataFrame()
    found: dict[str, object] = {name: cells.texts[name].listed() for name in TEXTS}
    found |= {name: cells.counts[name] for name in COUNTS}
    found |= {name: cells.amounts[name] for name in AMOUNTS}
    sums = np.add.reduceat(cells.scores, np.cumsum(cells.lengths) - cells.lengths)
    found["score"] = sums / cells.lengths
    curves = [json.loads(text) for text in cells.texts["curve"].known]
    found["curve"] = [curves[code] for code in cells.texts["curve"].codes]
    found["trust"] = [trust.get(path, LEVELS[0]) for path in cells.texts["path"].listed()]
    return pd.DataFrame(found)
