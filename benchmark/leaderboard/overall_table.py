"""All targets together: mean rank, tie groups, standardised gain; who lacks one is named."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.cards.lanes import LANES
from benchmark.leaderboard.bulk.array_files import Arrays, array_json
from benchmark.leaderboard.bulk.setting_statistics import SizeTask, pairs_of
from benchmark.leaderboard.index import BoardIndex, EntryKey, LaneSize, Setting
from benchmark.records.trust import LEVELS, TrustLevel
from benchmark.statistics.paired_tests import PairTests
from benchmark.statistics.scores import TargetScores, stack_runs
from benchmark.statistics.tie_groups import TieGroups, tie_groups

COLUMNS = ("mean_rank", "rank_low", "rank_high", "group", "standardised", "standardised_low",
           "standardised_high")  # fmt: skip
Key = TypeVar("Key", LaneSize, Setting)
NAMES = ("lane", "train_subjects", "source", "strategy")


def size_tasks(
    board: BoardCard, index: BoardIndex, scores: Mapping[Setting, TargetScores | None]
) -> dict[LaneSize, SizeTask]:
    """What is to be computed for each lane and number of training subjects with ranked cells.

    Args:
        board: Its targets are the ones that count, with scores or without.
        index: All records.
        scores: Complete ranked scores of each setting.
    """
    tasks = {}
    sizes = {setting.lane_size for setting, ranked in scores.items() if ranked}
    for size in sorted(sizes, key=lambda own: (LANES.index(own.lane), own.train_subjects)):
        targets = tuple(
            scores.get(Setting(name, *size)) or stack_runs(name, {}, board.seeds)
            for name in board.targets
        )
        settings = [setting for setting in index.settings if setting.lane_size == size]
        baselines = index.baselines(settings, board.baseline, ranked=True)
        tasks[size] = SizeTask(targets, baselines)
    return tasks


def overall_table(
    statistics: Mapping[LaneSize, Arrays],
) -> tuple[pd.DataFrame, dict[LaneSize, float | None], list[TieGroups]]:
    """Entries of each lane and number of training subjects, best first.

    Args:
        statistics: Of each lane and number of training subjects, of `size_statistics`.

    Returns:
        The table; the stability of each ranking; tie groups.
    """
    entries = {
        size: [(str(source), str(strategy)) for source, strategy in array_json(arrays["entries"])]
        for size, arrays in statistics.items()
    }
    pairs = {size: pairs_of(arrays, entries[size])
             for size, arrays in statistics.items() if "p" in arrays}  # fmt: skip
    groups = lane_tie_groups(pairs)
    rows: list[dict[str, object]] = []
    for size, arrays in statistics.items():
        group = groups[size].group if size in groups else {}
        for entry, numbers in zip(entries[size], arrays["ranked"].tolist(), strict=True):
            listed = [None if value != value else value for value in numbers]
            listed.insert(3, group.get(entry))
            rows.append(_names(entry, size) | dict(zip(COLUMNS, listed, strict=True))
                        | {"lacks": ""})  # fmt: skip
        for (source, strategy), lacks in array_json(arrays["missing"]):
            names = _names((source, strategy), size)
            rows.append(names | dict.fromkeys(COLUMNS) | {"lacks": "; ".join(lacks)})
    taus = {size: float(arrays["stability"][0]) for size, arrays in statistics.items()}
    stability = {size: None if np.isnan(tau) else tau for size, tau in taus.items()}
    return pd.DataFrame(rows), stability, list(groups.values())


def lane_tie_groups(pairs: Mapping[Key, PairTests]) -> dict[Key, TieGroups]:
    """Tie groups from paired tests, with Holm's correction over all tests of a lane."""
    groups: dict[Key, TieGroups] = {}
    for lane in dict.fromkeys(key.lane for key in pairs):
        own = {key: tests for key, tests in pairs.items() if key.lane == lane}
        groups |= zip(own, tie_groups(list(own.values())), strict=True)
    return groups


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


def _names(entry: EntryKey, size: LaneSize) -> dict[str, object]:
    return dict(zip(NAMES, (*size, *entry), strict=True))
