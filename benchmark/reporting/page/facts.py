"""What a page shows of each record, a row a record."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmark.reporting.cells import Cells

TEXTS = ("path", "target", "source", "strategy", "domain", "task", "encoder", "source_title",
         "marks", "unranked", "weights", "coverage", "energy_method", "software", "started",
         "sha256")  # fmt: skip
COUNTS = ("train_subjects", "seed", "train_subjects_used", "failures", "scored", "step")
AMOUNTS = ("learning_rate", "validation_dice", "fine_tuning_seconds")


def page_records(cells: Cells, trust: Sequence[str]) -> pd.DataFrame:
    """Which cell each record is, its score, how it came about, and the SHA-256 of its file.

    Args:
        cells: Of a folder.
        trust: The trust level of each record.

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
    return pd.DataFrame(found | {"trust": list(trust)})
