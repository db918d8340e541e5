"""Files for reviewers' tools: every score once, in the columns that the tools ask for."""

import csv
from contextlib import suppress
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from scipy import stats
from support.factories import board, make_record, workspace_at

from benchmark.leaderboard.build import Leaderboard, build_leaderboard
from benchmark.leaderboard.folder import load_leaderboard
from benchmark.leaderboard.index import EntryKey
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


def as_challenge(rows: list[dict[str, str]]) -> dict[str, dict[tuple[str, str], float]]:
    """What challengeR 1.0.5 makes of a file, by the source of `as.challenge` and of R's read.csv.

    read.csv turns a column into numbers if all of it is numeric, and "NA" into a missing value.
    as.challenge stops at values that are no numbers and at a case that comes twice for one
    algorithm of a task, and inserts missing values where an algorithm lacks a case.
    """
    for column in ("Task", "Case", "Algorithm"):
        assert all(row[column] not in ("NA", "") for row in rows)
        with suppress(ValueError):
            for row, number in zip(rows, [float(row[column]) for row in rows], strict=True):
                row[column] = f"{number:g}"
    tasks: dict[str, dict[tuple[str, str], float]] = {}
    for row in rows:
        values = tasks.setdefault(row["Task"], {})
        assert (row["Algorithm"], row["Case"]) not in values, "appears more than once"
        values[row["Algorithm"], row["Case"]] = float(row["Value"])
    for values in tasks.values():
        algorithms, cases = ({key[side] for key in values} for side in (0, 1))
        assert len(values) == len(algorithms) * len(cases), "missings have been inserted"
        assert len(cases) > 1, "bootstrapping with 1 test case not sensible"
    return tasks


@pytest.mark.parametrize("name", ["quickstart_v2", "real_v2"])
def test_challenger_takes_the_files_of_shipped_boards(name: str, tmp_path: Path) -> None:
    built = load_leaderboard(name, workspace_at(tmp_path / "home"))
    (path,) = (p for p in write_reviewer_files(tmp_path, built) if p.name.startswith("rankings_"))
    tasks = as_challenge(read(path))
    ranked = [scores for scores in built.scores.values() if scores.entries]
    for values, scores in zip(tasks.values(), ranked, strict=True):
        means: dict[str, list[float]] = {}
        for (algorithm, _), value in values.items():
            means.setdefault(algorithm, []).append(value)
        found = [np.mean(means["/".join(cast(EntryKey, entry))]) for entry in scores.entries]
        assert found == pytest.approx(scores.values.mean(axis=(1, 2)).tolist(), abs=1e-6)


@pytest.mark.parametrize("names", [("010", "10", "1e1"), ("NA", "b", "c")])
def test_names_that_r_would_turn_into_something_else_stay(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    dice = dict(zip(names, (0.5, 0.7, 0.9), strict=True))
    records = [make_record(source, dice=dice) for source in ("scratch", "a")]
    built = build_leaderboard(board().model_copy(update={"seeds": (0,)}), records)
    (path,) = (p for p in write_reviewer_files(tmp_path, built) if p.name.startswith("rankings_"))
    (values,) = as_challenge(read(path)).values()
    assert {value for (name, _), value in values.items() if name == "a/full"} == {0.5, 0.7, 0.9}


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
