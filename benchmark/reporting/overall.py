"""All targets together: mean rank, tie groups, standardised gain; who lacks one is named."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.reporting.gains import Gain, mean_standardised_gains
from benchmark.reporting.groups import TieGroups, tie_groups
from benchmark.reporting.paired import PairTests, compare_pairs
from benchmark.reporting.ranking import Ranking, rank_overall
from benchmark.reporting.rows import Row, baselines, estimate_columns
from benchmark.reporting.target_scores import Entry, TargetScores, target_scores

Place = tuple[str, int]  # target, number of training subjects
NO_RANK: Row = {"mean_rank": None, "rank_low": None, "rank_high": None, "group": None}


def overall_table(
    board: BoardCard, cells: pd.DataFrame, scores: Mapping[Place, TargetScores]
) -> tuple[pd.DataFrame, dict[int, float | None], list[TieGroups]]:
    """Each number of training subjects for itself, best first.

    Args:
        board: Its targets are the ones that count, with scores or without.
        cells: Rows of `cell_frame`.
        scores: Complete ranked scores of each target and number of training subjects.

    Returns:
        The table; per number of training subjects the stability of the ranking; tie groups.
    """
    rankings: dict[int, Ranking] = {}
    pairs: dict[int, PairTests] = {}
    gains: dict[int, dict[Entry, Gain]] = {}
    for size in sorted({size for _, size in scores}):
        nothing = target_scores("", {}, board.seeds)
        targets = [
            scores.get((name, size)) or replace(nothing, target=name) for name in board.targets
        ]
        rankings[size], gains[size] = rank_overall(targets), {}
        whole = [one.entry for one in rankings[size].entries]
        if not whole:
            continue
        base = baselines(board, cells[cells["train_subjects"] == size], tuple(whole))
        gains[size] = mean_standardised_gains(targets, base)
        scales = [_scale(one) for one in targets]
        if all(scales):
            pairs[size] = compare_pairs([one.only(whole) for one in targets], scales)
    groups = dict(zip(pairs, tie_groups(list(pairs.values())), strict=True))
    rows: list[Row] = []
    for size, ranking in rankings.items():
        group = groups[size].group if size in groups else {}
        for one in ranking.entries:
            gain = gains[size].get(one.entry)
            ranks = {"mean_rank": one.rank, "rank_low": one.low, "rank_high": one.high}
            found = estimate_columns("standardised", gain.standardised if gain else None)
            names = _names(one.entry, size)
            rows.append(names | ranks | {"group": group.get(one.entry)} | found | {"lacks": ""})
        for entry, lacks in ranking.missing.items():
            found = estimate_columns("standardised", None)
            rows.append(_names(entry, size) | NO_RANK | found | {"lacks": "; ".join(lacks)})
    stability = {size: ranking.stability for size, ranking in rankings.items()}
    return pd.DataFrame(rows), stability, list(groups.values())


def _scale(scores: TargetScores) -> float:
    """What makes differences comparable over targets: the mean spread between subjects."""
    if len(scores.subjects) < 2 or not scores.entries:
        return 0.0
    return float(scores.values.mean(axis=1).std(axis=1, ddof=1).mean())


def _names(entry: Entry, size: int) -> Row:
    assert isinstance(entry, tuple)
    return {"train_subjects": size, "source": entry[0], "strategy": entry[1]}
