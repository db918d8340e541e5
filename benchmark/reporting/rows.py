"""The rows of one target: every entry with its mean, rank, tie group, gain, spread and cost."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.reporting.bootstrap import Estimate, estimates
from benchmark.reporting.frame import ENTRY, ROW
from benchmark.reporting.gains import Gain, target_gains
from benchmark.reporting.groups import TieGroups
from benchmark.reporting.ranking import Ranked, rank_target
from benchmark.reporting.target_scores import Entry, TargetScores
from benchmark.reporting.variance import noise_of_means, spread
from benchmark.scoring.metrics import METRICS

FACTS = ["domain", "task", "encoder", "marks", "contamination", "unranked", "main_metric"]
COSTS = ["total_parameters", "trainable_parameters", "training_gflop", "timing"]
MEASURED = ["fine_tuning_seconds", "peak_memory_mib", "energy_joules"]
Row: TypeAlias = dict[str, object]


def entries(part: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """The cells of each (source, strategy)."""
    return [((str(s), str(t)), cells) for (s, t), cells in part.groupby(ENTRY, sort=True)]


def score_table(cells: pd.DataFrame) -> pd.DataFrame:
    """Scores of one entry, a row a seed and a column a subject."""
    rows = {
        int(seed): dict(zip(subjects, scores, strict=True))
        for seed, subjects, scores in zip(
            cells["seed"], cells["subjects"], cells["scores"], strict=True
        )
    }
    return pd.DataFrame.from_dict(rows, orient="index").sort_index()


def target_rows(
    board: BoardCard, part: pd.DataFrame, scores: TargetScores | None, groups: TieGroups | None
) -> list[Row]:
    """The rows of one target and size: ranked entries best first, then the others."""
    metric = METRICS[str(part["main_metric"].iloc[0])]
    bounds = (0.0, np.inf if metric.unit else 1.0)
    found: dict[Entry, tuple[Estimate, Ranked, Gain | None]] = {}
    left_out: Mapping[Entry, str] = scores.left_out if scores else {}
    if scores and groups:
        noise = noise_of_means(scores.values)
        means = estimates(scores.values, noise, bounds=bounds)
        gains = target_gains(scores, baselines(board, part, scores.entries))
        ranks = {one.entry: one for one in rank_target(scores).entries}
        for entry, mean in zip(scores.entries, means, strict=True):
            found[entry] = (mean, ranks[entry], gains.get(entry))
    rows = []
    for entry, cells in entries(part):
        row = _facts(board, cells)
        if entry in found:
            mean, ranked, gain = found[entry]
            row |= estimate_columns("", mean) | {
                "rank": ranked.rank,
                "rank_low": ranked.low,
                "rank_high": ranked.high,
                "group": groups.group[entry] if groups else None,
            }
            row |= _gain(gain)
        else:
            own = score_table(cells).to_numpy(dtype=np.float64)
            row |= estimate_columns("", estimates(own[None], bounds=bounds)[0])
            row |= {name: None for name in ("rank", "rank_low", "rank_high", "group")}
            row |= _gain(None) | {"why_unranked": row["unranked"] or left_out.get(entry, "")}
        rows.append(row)
    worst = -np.inf if metric.higher_is_better else np.inf

    def order(row: Row) -> tuple[bool, float]:
        value = float(str(row["score"])) if row["score"] is not None else worst
        return row["rank"] is None, -value if metric.higher_is_better else value

    return sorted(rows, key=order)


def _facts(board: BoardCard, cells: pd.DataFrame) -> Row:
    """What a row says of an entry besides its score."""
    first, scores = cells.iloc[0], score_table(cells).to_numpy(dtype=np.float64)
    apart = spread(scores)
    others = [name for name in cells.columns if name.startswith("mean_") and name[5:] in METRICS]
    return {
        **{name: first[name] for name in (*ROW, *FACTS, *COSTS)},
        **{name: _mean(cells[name]) for name in (*MEASURED, "empty_prediction", *others)},
        "failures": int(cells["failures"].sum()),
        "scored": int(cells["scored"].sum()),
        "subjects": len(first["subjects"]),
        "seeds": ",".join(str(seed) for seed in sorted(cells["seed"])),
        "seeds_wanted": len(board.seeds),
        "seed_sd": apart.seed,
        "subject_sd": apart.subject,
        "why_unranked": "",
        "records": tuple(cells["path"]),
    }


def _mean(column: "pd.Series[float]") -> float | None:
    return float(column.mean()) if column.notna().all() else None


def estimate_columns(name: str, found: Estimate | None) -> Row:
    """Value and bounds under a name; under "" the score itself, with what its interval covers."""
    prefix = f"{name}_" if name else ""
    return {
        name or "score": None if found is None else found.value,
        f"{prefix}low": None if found is None else found.low,
        f"{prefix}high": None if found is None else found.high,
        **({} if name else {"interval_covers": None if found is None else found.covers}),
    }


def _gain(gain: Gain | None) -> Row:
    plain, units = (gain.gain, gain.standardised) if gain else (None, None)
    note = gain.note if gain else ""
    return (
        estimate_columns("gain", plain)
        | estimate_columns("standardised", units)
        | {"gain_note": note}
    )


def baselines(
    board: BoardCard, part: pd.DataFrame, complete: tuple[Entry, ...]
) -> dict[Entry, Entry]:
    """Each complete entry's baseline: the board's, with the same strategy and network."""
    encoders = {entry: str(cells["encoder"].iloc[0]) for entry, cells in entries(part)}
    return {
        entry: (board.baseline, entry[1])
        for entry in encoders
        if entry in complete and encoders.get((board.baseline, entry[1])) == encoders[entry]
    }
