"""All targets together: mean rank, group a, standardised gain; who lacks one is named."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.cards.lanes import LANES
from benchmark.leaderboard.bulk.array_files import Arrays, array_json
from benchmark.leaderboard.bulk.setting_statistics import RANK, STANDARDISED, SizeTask
from benchmark.leaderboard.index import BoardIndex, EntryKey, LaneSize, Setting
from benchmark.records.trust import LEVELS, TrustLevel
from benchmark.statistics.scores import TargetScores, stack_runs

COLUMNS = ("mean_rank", *RANK[1:], *STANDARDISED)
NAMES = ("lane", "train_subjects", "source", "strategy")


def size_tasks(
    board: BoardCard,
    index: BoardIndex,
    scores: Mapping[Setting, TargetScores | None],
    targets: Sequence[str],
) -> dict[LaneSize, SizeTask]:
    """What is to be computed for each lane and number of training subjects with ranked cells.

    Args:
        board: Its card.
        index: All records.
        scores: Complete ranked scores of each setting.
        targets: The ones that count, with scores or without.
    """
    tasks = {}
    sizes = {setting.lane_size for setting, ranked in scores.items() if ranked}
    for size in sorted(sizes, key=lambda own: (LANES.index(own.lane), own.train_subjects)):
        complete = tuple(
            scores.get(Setting(name, *size)) or stack_runs(name, {}, board.seeds)
            for name in targets
        )
        settings = [setting for setting in index.settings if setting.lane_size == size]
        baselines = index.baselines(settings, board.baseline, ranked=True)
        tasks[size] = SizeTask(complete, baselines)
    return tasks


def overall_table(
    statistics: Mapping[LaneSize, Arrays],
) -> tuple[pd.DataFrame, dict[LaneSize, float | None]]:
    """Entries of each lane and number of training subjects, best first.

    Args:
        statistics: Of each lane and number of training subjects, of `size_statistics`.

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
    return pd.DataFrame(rows), stability


def with_marks(overall: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The table with every mark that an entry has on any target, and its lowest trust level.

    Args:
        overall: Of `overall_table`.
        rows: Those of the board's targets.
    """
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
