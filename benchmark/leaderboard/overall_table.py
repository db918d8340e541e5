"""All targets together: mean rank, tie groups, standardised gain; who lacks one is named."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.leaderboard.index import BoardIndex, Pair
from benchmark.leaderboard.index import Setting as Place
from benchmark.leaderboard.records_cache import Arrays, array_text
from benchmark.leaderboard.setting_statistics import SizeTask, pairs_of
from benchmark.records.trust import LEVELS, TrustLevel
from benchmark.statistics.scores import TargetScores, stack_runs
from benchmark.statistics.tie_groups import TieGroups, tie_groups

COLUMNS = ("mean_rank", "rank_low", "rank_high", "group", "standardised", "standardised_low",
           "standardised_high")  # fmt: skip
NAMES = ("train_subjects", "source", "strategy")


def size_tasks(
    board: BoardCard, grid: BoardIndex, scores: Mapping[Place, TargetScores | None]
) -> dict[int, SizeTask]:
    """What is to be computed for each number of training subjects with ranked cells.

    Args:
        board: Its targets are the ones that count, with scores or without.
        grid: All cells.
        scores: Complete ranked scores of each place.
    """
    tasks = {}
    for size in sorted({size for (_, size), one in scores.items() if one}):
        targets = tuple(
            scores.get((name, size)) or stack_runs(name, {}, board.seeds) for name in board.targets
        )
        places = [place for place in grid.places if place[1] == size]
        baselines = grid.baselines(places, board.baseline, ranked=True)
        tasks[size] = SizeTask(targets, baselines)
    return tasks


def overall_table(
    found: Mapping[int, Arrays],
) -> tuple[pd.DataFrame, dict[int, float | None], list[TieGroups]]:
    """Each number of training subjects for itself, best first.

    Args:
        found: Statistics of each, of `size_statistics`.

    Returns:
        The table; per number of training subjects the stability of the ranking; tie groups.
    """
    entries = {
        size: [(str(source), str(strategy)) for source, strategy in array_text(one["entries"])]
        for size, one in found.items()
    }
    pairs = {size: pairs_of(one, entries[size]) for size, one in found.items() if "p" in one}
    groups = dict(zip(pairs, tie_groups(list(pairs.values())), strict=True))
    rows: list[dict[str, object]] = []
    for size, one in found.items():
        group = groups[size].group if size in groups else {}
        for entry, numbers in zip(entries[size], one["ranked"].tolist(), strict=True):
            listed = [None if value != value else value for value in numbers]
            listed.insert(3, group.get(entry))
            rows.append(_names(entry, size) | dict(zip(COLUMNS, listed, strict=True))
                        | {"lacks": ""})  # fmt: skip
        for (source, strategy), lacks in array_text(one["missing"]):
            names = _names((source, strategy), size)
            rows.append(names | dict.fromkeys(COLUMNS) | {"lacks": "; ".join(lacks)})
    stability = {size: _known(float(one["stability"][0])) for size, one in found.items()}
    return pd.DataFrame(rows), stability, list(groups.values())


def with_marks(overall: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The table with every mark that an entry has on some target, and its lowest trust level.

    Args:
        overall: Of `overall_table`.
        rows: Those of the board's targets.
    """
    said: dict[tuple[object, ...], tuple[dict[str, None], list[TrustLevel]]] = {}
    columns = [rows[name] for name in (*NAMES, "marks", "trust")]
    for *entry, marks, trust in zip(*columns, strict=True):
        known, levels = said.setdefault(tuple(entry), ({}, []))
        known.update(dict.fromkeys(mark for mark in str(marks).split(", ") if mark))
        levels.append(trust)
    entries = list(zip(*(overall[name] for name in NAMES), strict=True))
    return overall.assign(
        marks=[", ".join(said[entry][0]) for entry in entries],
        trust=[min(said[entry][1], key=LEVELS.index) for entry in entries],
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _names(entry: Pair, size: int) -> dict[str, object]:
    return dict(zip(NAMES, (size, *entry), strict=True))
