"""Files for reviewers' tools: every score once, in the columns that the tools ask for."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from support.factories import board, make_record

from benchmark.leaderboard.build import Leaderboard, build_leaderboard
from benchmark.records.record import RunRecord
from benchmark.views.reviewers import write_reviewer_files


def made(seeds: tuple[int, ...] = (0, 1)) -> Leaderboard:
    rng = np.random.default_rng(0)
    records: list[RunRecord] = []
    for source, mean in (("scratch", 0.6), ("a", 0.63)):
        for seed in seeds:
            dice = {f"s{k}": float(mean + rng.normal(0, 0.05)) for k in range(8)}
            records.append(make_record(source, seed=seed, dice=dice))
    return build_leaderboard(board().model_copy(update={"seeds": seeds}), records)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rankings_have_one_row_per_task_case_and_algorithm(tmp_path: Path) -> None:
    built = made()
    files = {path.name: read(path) for path in write_reviewer_files(tmp_path, built)}
    rows = files["rankings_dice.csv"]
    assert list(rows[0]) == ["Task", "Case", "Algorithm", "Value"]
    (setting, scores), *_ = built.scores.items()
    assert len(rows) == 2 * len(scores.subjects)
    assert {row["Algorithm"] for row in rows} == {"scratch/full", "a/full"}
    assert {row["Task"] for row in rows} == {f"{setting.target} nall"}
    one = [float(row["Value"]) for row in rows if row["Algorithm"] == "a/full"]
    entry = scores.entries.index(("a", "full"))
    assert one == pytest.approx(scores.values[entry].mean(axis=0).tolist(), abs=1e-6)


def test_claims_reloaded_gives_our_probability_of_no_gain_with_one_seed(tmp_path: Path) -> None:
    """Its formula: t of n - 1 degrees of freedom, from means, deviations and their correlation."""
    built = made(seeds=(0,))
    (path,) = [p for p in write_reviewer_files(tmp_path, built) if p.name.startswith("claims_")]
    rows = read(path)
    assert list(rows[0]) == ["case_id", "alg_a_full", "alg_scratch_full"]
    a, b = (np.array([float(row[name]) for row in rows]) for name in list(rows[0])[1:])
    n, (s_a, s_b) = len(rows), (a.std(ddof=1), b.std(ddof=1))
    spread = (s_a**2 + s_b**2 - 2 * s_a * s_b * np.corrcoef(a, b)[0, 1]) ** 0.5
    wanted = stats.t.cdf(n**0.5 * (b.mean() - a.mean()) / spread, n - 1)
    shown = built.rows.set_index("source").loc["a", "p_not_better"]
    assert shown == pytest.approx(wanted, abs=1e-4)
