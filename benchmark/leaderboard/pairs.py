"""Every two entries of a setting: their paired difference, and how certain its sign is."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import Setting
from benchmark.leaderboard.rows import best_rows, entries_of
from benchmark.statistics.gains import paired_differences
from benchmark.statistics.intervals import (
    covers,
    detectable,
    probability_not_above_zero,
    t_intervals,
)


def entry_pairs(board: Leaderboard, *, entries: int, pairs: int) -> tuple[pd.DataFrame, bool]:
    """Every two ranked entries of every setting, the better ranked first.

    The statistics are those of gains over the baseline, with another entry in its place.

    Args:
        board: Its rows and scores.
        entries: Of a setting with more, only the best so many and the baseline.
        pairs: No setting is added that would make more; those with the most training subjects
            come first.

    Returns:
        A row per pair (no columns without any): target, lane, train_subjects, subjects,
        main_metric and the marks of either; source, strategy and score of both with the prefixes
        `first_` and `second_`; `difference` in the unit of the metric, positive where the first is
        better whatever the direction, with bounds; `not_better`, the probability that the first is
        not better; `detectable`, the smallest difference found in 80 % of boards of this size.
        And whether anything was left out.
    """
    collected: list[dict[str, Any]] = []
    left_out = False
    largest_first = sorted(board.scores, key=lambda key: -(key.train_subjects or float("inf")))
    for setting in largest_first:
        rows = board.ranked_rows(setting)
        shown = best_rows(rows, board.board.baseline, entries)
        of_setting = [*_pairs(board, setting, shown)]
        fits = len(collected) + len(of_setting) <= pairs
        left_out = left_out or not fits or len(shown) < len(rows)
        collected += of_setting if fits else []
    return pd.DataFrame(collected), left_out


def _pairs(board: Leaderboard, setting: Setting, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    scores = board.scores[setting]
    if len(rows) < 2 or len(scores.subjects) < 2:
        return
    keys = entries_of(rows)
    means, error = paired_differences(scores, list(combinations(keys, 2)))
    estimates = t_intervals(means, error, covers(len(scores.seeds), len(scores.subjects)))
    chances, smallest = probability_not_above_zero(means, error), detectable(error)
    both = combinations(rows.to_dict("records"), 2)
    for number, (first, second) in enumerate(both):
        marks = (mark for row in (first, second) for mark in row["marks"].split(", ") if mark)
        estimate = estimates[number]
        yield {
            **{name: first[name] for name in
               ("target", "lane", "train_subjects", "subjects", "main_metric")},
            "marks": ", ".join(dict.fromkeys(marks)),
            **{f"first_{name}": first[name] for name in ("source", "strategy", "score")},
            **{f"second_{name}": second[name] for name in ("source", "strategy", "score")},
            "difference": estimate.value,
            "difference_low": estimate.low,
            "difference_high": estimate.high,
            "not_better": float(chances[number]),
            "detectable": float(smallest[number]),
        }  # fmt: skip
