"""All targets together: mean rank, group a, standardised gain; who lacks one is named."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from benchmark.leaderboard.bulk.array_files import Arrays, array_json
from benchmark.leaderboard.bulk.setting_statistics import RANK, STANDARDISED
from benchmark.leaderboard.index import EntryKey, LaneSize
from benchmark.leaderboard.metric_ranks import overall_metric_ranks
from benchmark.records.trust import LEVELS, TrustLevel

COLUMNS = ("mean_rank", *RANK[1:], *STANDARDISED)
NAMES = ("lane", "train_subjects", "source", "strategy")


def overall_table(
    statistics: Mapping[LaneSize, Arrays], of_board: pd.DataFrame
) -> tuple[pd.DataFrame, dict[LaneSize, float | None]]:
    """Entries of each lane and number of training subjects, best first.

    Args:
        statistics: Of each lane and number of training subjects, of `size_statistics`.
        of_board: Rows of the board's targets on which something has learned.

    Returns:
        The table, and the stability of each ranking.
    """
    rows: list[dict[str, object]] = []
    for size, arrays in statistics.items():
        entries = [(str(source), str(strategy))
                   for source, strategy in array_json(arrays["entries"])]  # fmt: skip
        for entry, numbers in zip(entries, arrays["ranked"].tolist(), strict=True):
            listed = [None if value != value else value for value in numbers]
            rows.append(_names(entry, size) | dict(zip(COLUMNS, listed, strict=True))
                        | {"lacks": ""})  # fmt: skip
        for (source, strategy), lacks in array_json(arrays["missing"]):
            names = _names((source, strategy), size)
            rows.append(names | dict.fromkeys(COLUMNS) | {"lacks": _grouped(lacks)})
    taus = {size: float(arrays["stability"][0]) for size, arrays in statistics.items()}
    stability = {size: None if np.isnan(tau) else tau for size, tau in taus.items()}
    overall = pd.DataFrame(rows)
    if len(overall):
        overall = _with_marks(overall, of_board).join(overall_metric_ranks(overall, of_board))
    return overall, stability


def _with_marks(overall: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The table with every mark that an entry has on any target, and its lowest trust level."""
    of_entry: dict[tuple[object, ...], tuple[dict[str, None], list[TrustLevel]]] = {}
    columns = [rows[name] for name in (*NAMES, "marks", "trust")]
    for *entry, marks, trust in zip(*columns, strict=True):
        names, levels = of_entry.setdefault(tuple(entry), ({}, []))
        names.update(dict.fromkeys(mark for mark in str(marks).split(", ") if mark))
        levels.append(trust)
    entries = list(zip(*(overall[name] for name in NAMES), strict=True))
    return overall.assign(
        marks=[", ".join(of_entry[entry][0]) for entry in entries],
        trust=[min(of_entry[entry][1], key=LEVELS.index) for entry in entries],
    )


def _grouped(lacks: Iterable[str]) -> str:
    """Reasons as `TARGET: reason`, several targets of one reason counted in its place."""
    targets: dict[str, list[str]] = {}
    for text in lacks:
        target, _, reason = text.partition(": ")
        targets.setdefault(reason, []).append(target)
    return "; ".join(
        f"{names[0]}: {reason}" if len(names) == 1 else f"{len(names)} targets: {reason}"
        for reason, names in targets.items()
    )


def _names(entry: EntryKey, size: LaneSize) -> dict[str, object]:
    return dict(zip(NAMES, (*size, *entry), strict=True))
