"""The rank of each entry under each metric, and how much the order depends on the metric.

Only ranks under the main metric have intervals and tie groups. A missed structure has the worst
score of every metric, so it counts in each of these ranks.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmark.cards.card import Model
from benchmark.cards.lanes import Lane
from benchmark.leaderboard.columns import MEAN, RANK_BY
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.rank_intervals import kendall_tau_b
from benchmark.statistics.scores import DECIMALS

SIZE = ["lane", "train_subjects"]
SETTING = ["target", *SIZE]
ENTRY = [*SIZE, "source", "strategy"]


class MetricAgreement(Model):
    """How much the order of the entries under other metrics is that under the main metric.

    Attributes:
        target: Its id; None for the mean ranks over all targets.
        lane: Its entries.
        train_subjects: 0 for all.
        main_metric: What is ranked; None where targets differ in it.
        entries: Number of ranked entries.
        tau: Per other metric Kendall's tau-b of the two orders: 1 for the same, -1 for the
            reverse; None with fewer than two entries, or where one of the orders ties them all.
    """

    target: str | None
    lane: Lane
    train_subjects: int
    main_metric: str | None
    entries: int
    tau: dict[str, float | None]


def metric_ranks(rows: pd.DataFrame) -> pd.DataFrame:
    """Rank of each ranked row within its setting under each metric; 1 is best, ties averaged.

    Rows are ranked by their mean over subjects and seeds; for a signed metric, which is best at
    zero, by the distance of this mean from zero.

    Args:
        rows: With setting, `rank` and the mean of each metric.

    Returns:
        Columns `rank_by_<metric>` with the index of `rows`; NaN for unranked rows, and for a metric
        that one of the ranked rows lacks.
    """
    ranked = rows[rows["rank"].notna()]
    oriented = {}
    for column in (name for name in map(str, rows) if name.startswith(MEAN)):
        metric, means = METRICS[column.removeprefix(MEAN)], ranked[column].astype(np.float64)
        better = -means.abs() if metric.signed else metric.sign * means
        oriented[RANK_BY + metric.name] = better.round(DECIMALS)
    groups = pd.DataFrame(oriented).groupby([ranked[name] for name in SETTING])
    ranks = groups.rank(ascending=False)
    complete = groups.transform("count").eq(groups.transform("size"), axis=0)
    return ranks.where(complete).reindex(rows.index)


def overall_metric_ranks(overall: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Mean rank over all targets under each metric that all of them have.

    As in the overall ranking, each target is ranked again without the entries that lack a target.

    Args:
        overall: The overall table.
        rows: Those of the board's targets.

    Returns:
        Columns `rank_by_<metric>` with the index of `overall`; NaN for entries without a mean rank.
    """
    complete = overall.loc[overall["mean_rank"].notna(), ENTRY]
    ranked = rows.merge(complete, on=ENTRY)
    targets = rows["target"].nunique()
    sums = metric_ranks(ranked).groupby([ranked[name] for name in ENTRY]).sum(min_count=targets)
    return overall[ENTRY].join(sums / targets, on=ENTRY).drop(columns=ENTRY)


def setting_agreements(rows: pd.DataFrame) -> Iterator[MetricAgreement]:
    """Agreement of the metrics in each setting with ranked rows; needs those of `metric_ranks`."""
    ranked = rows[rows["rank"].notna()]
    for _, part in ranked.groupby(SETTING, sort=False):
        target, main = (str(part[name].iloc[0]) for name in ("target", "main_metric"))
        yield _agreement(target, main, part, part["rank"])


def overall_agreements(overall: pd.DataFrame, rows: pd.DataFrame) -> Iterator[MetricAgreement]:
    """Agreement of the mean ranks over all targets; arguments as of `overall_metric_ranks`."""
    if not len(overall):
        return
    mains = set(rows["main_metric"])
    main = str(mains.pop()) if len(mains) == 1 else None
    ranked = overall[overall["mean_rank"].notna()]
    for _, part in ranked.groupby(SIZE, sort=False):
        yield _agreement(None, main, part, part["mean_rank"])


def _agreement(
    target: str | None, main: str | None, part: pd.DataFrame, ranks: "pd.Series[float]"
) -> MetricAgreement:
    """Agreement of these ranks by the main metric with those under each other metric."""
    tau = {
        name.removeprefix(RANK_BY): _tau(ranks, part[name])
        for name in map(str, part)
        if name.startswith(RANK_BY) and name != f"{RANK_BY}{main}" and part[name].notna().all()
    }
    lane, size = (part[name].iloc[0] for name in SIZE)
    return MetricAgreement(target=target, lane=lane, train_subjects=int(size), main_metric=main,
                           entries=len(part), tau=tau)  # fmt: skip


def _tau(first: "pd.Series[float]", second: "pd.Series[float]") -> float | None:
    """Kendall's tau-b; None where it is not defined."""
    if second.nunique() < 2:
        return None
    tau = kendall_tau_b(np.asarray(first, np.float64), np.asarray(second, np.float64)[None])
    return None if tau is None else float(tau[0])
