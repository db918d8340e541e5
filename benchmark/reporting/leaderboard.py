"""The leaderboard: per target with intervals and gain over scratch, overall with mean rank."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.errors import RecordError
from benchmark.records.record import CellId, RunRecord
from benchmark.reporting.bootstrap import gain_interval, mean_interval
from benchmark.reporting.frame import ROW, score_frame
from benchmark.scoring.metrics import METRICS


@dataclass(frozen=True)
class Leaderboard:
    """Everything a table shows.

    `rows` has a row per target, source, strategy and size; `overall` one per source, strategy
    and size. Absent numbers are None. `missing` names the cells of the board without a record.
    """

    board: BoardCard
    rows: pd.DataFrame
    overall: pd.DataFrame
    missing: tuple[str, ...]

    @property
    def synthetic(self) -> bool:
        """Whether every row is synthetic."""
        return bool(len(self.rows)) and all("synthetic" in marks for marks in self.rows["marks"])


def build_leaderboard(board: BoardCard, records: Iterable[RunRecord]) -> Leaderboard:
    """Build the tables of a board from its records.

    Raises:
        RecordError: Records of one target were made from different data, splits or cards.
    """
    known = list(records)
    _check_comparable(known)
    missing = _missing(board, known)
    if not known:
        return Leaderboard(board, pd.DataFrame(), pd.DataFrame(), missing)
    frame = score_frame(known)
    rows = [_row(board, frame, key, part) for key, part in frame.groupby(ROW, sort=True)]
    table = pd.DataFrame(rows)
    table["rank"] = _ranks(table)
    return Leaderboard(board, table, _overall(board, table), missing)


def _row(
    board: BoardCard, frame: pd.DataFrame, key: object, part: pd.DataFrame
) -> dict[str, object]:
    first = part.iloc[0]
    metric = str(first["main_metric"])
    scores, subjects, seeds = _matrix(part, metric)
    mean, low, high = mean_interval(scores)
    gain: tuple[float | None, float | None, float | None] = (None, None, None)
    if first["source"] != board.baseline:
        base = frame[
            (frame["source"] == board.baseline)
            & (frame["encoder"] == first["encoder"])
            & (frame["unranked"] == first["unranked"])
            & np.logical_and.reduce([frame[n] == first[n] for n in ROW if n != "source"])
        ]
        gain = _gain(scores, subjects, seeds, base, metric)
    means = {
        f"mean_{name}": float(_matrix(part, name)[0].mean())
        for name in METRICS
        if name in part and part[name].notna().all()
    }
    return {
        **{name: first[name] for name in ROW},
        **{name: first[name] for name in ("domain", "task", "encoder", "trainable_parameters")},
        "main_metric": metric,
        "score": mean,
        "low": low,
        "high": high,
        "gain": gain[0],
        "gain_low": gain[1],
        "gain_high": gain[2],
        **means,
        "empty_prediction": _empty_prediction(part, metric),
        "failures": int(part["failure"].sum()),
        "scored": len(part),
        "subjects": len(subjects),
        "seeds": ",".join(map(str, seeds)),
        "seeds_wanted": len(board.seeds),
        "marks": first["marks"],
        "unranked": first["unranked"],
    }


def _empty_prediction(part: pd.DataFrame, metric: str) -> float | None:
    """What finding nothing at all would score: 1 where nothing is to be found, else 0."""
    if metric not in ("dice", "iou"):
        return None
    nothing = part.assign(nothing=part["reference_empty"].astype(float))
    return float(_matrix(nothing, "nothing")[0].mean())


def _matrix(
    part: pd.DataFrame, metric: str
) -> tuple[npt.NDArray[np.float64], list[str], list[int]]:
    """Scores (seeds, subjects): labels averaged within a case, cases within a subject."""
    cases = part.groupby(["seed", "subject", "case"], sort=True)[metric].mean()
    table = cases.groupby(["seed", "subject"], sort=True).mean().unstack("subject")
    return table.to_numpy(dtype=np.float64), list(table.columns), list(table.index)


def _gain(
    scores: npt.NDArray[np.float64],
    subjects: list[str],
    seeds: list[int],
    base: pd.DataFrame,
    metric: str,
) -> tuple[float | None, float | None, float | None]:
    """Gain over the baseline on the seeds that both have; None when there is none."""
    if base.empty:
        return (None, None, None)
    other, names, base_seeds = _matrix(base, metric)
    both = [seed for seed in seeds if seed in base_seeds]
    if not both or names != subjects:
        return (None, None, None)
    mine = scores[[seeds.index(seed) for seed in both]]
    theirs = other[[base_seeds.index(seed) for seed in both]]
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0
    return gain_interval(sign * mine, sign * theirs)


def _ranks(table: pd.DataFrame) -> list[float | None]:
    """Rank within a target by the main metric, among ranked rows with every seed."""
    ranks: list[float | None] = [None] * len(table)
    complete = table["seeds"].str.count(",") + 1 == table["seeds_wanted"]
    for _, part in table[(table["unranked"] == "") & complete].groupby("target"):
        up = METRICS[str(part["main_metric"].iloc[0])].higher_is_better
        for index, rank in part["score"].rank(ascending=not up).items():
            ranks[int(str(index))] = float(rank)
    return ranks


def _overall(board: BoardCard, table: pd.DataFrame) -> pd.DataFrame:
    """Mean rank and mean gain over all targets; a row that lacks one gets neither."""
    rows = []
    for _, part in table.groupby(["source", "strategy", "train_subjects"], sort=True):
        ranked = part[part["rank"].notna()]
        whole = len(ranked) == len(board.targets)
        gains = ranked["gain"].dropna()
        rows.append(
            {
                **{name: part.iloc[0][name] for name in ("source", "strategy", "train_subjects")},
                "mean_rank": float(ranked["rank"].mean()) if whole else None,
                "mean_gain": float(gains.mean()) if whole and len(gains) == len(ranked) else None,
                "targets": len(ranked),
                "targets_wanted": len(board.targets),
            }
        )
    return pd.DataFrame(rows).sort_values(["mean_rank", "source"], na_position="last")


def _missing(board: BoardCard, records: list[RunRecord]) -> tuple[str, ...]:
    have = {record.cell.path for record in records if not record.marks.unranked}
    sources = dict.fromkeys([*board.sources, *(record.cell.source for record in records)])
    grid = [
        CellId(
            board=board.id,
            target=target,
            source=source,
            strategy=strategy,
            train_subjects=size,
            seed=seed,
        ).path
        for target in board.targets
        for source in sources
        for strategy in board.strategies
        for size in board.train_subjects
        for seed in board.seeds
    ]
    return tuple(path for path in grid if path not in have)


def _check_comparable(records: list[RunRecord]) -> None:
    first: dict[str, RunRecord] = {}
    for record in records:
        other = first.setdefault(record.cell.target, record)
        for what in ("data", "splits", "target"):
            if getattr(record.fingerprints, what) != getattr(other.fingerprints, what):
                raise RecordError(
                    f"{record.cell.path} and {other.cell.path} were made from different {what}; "
                    "they cannot be compared, run one of them again"
                )
