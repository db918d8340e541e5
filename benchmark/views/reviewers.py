"""Scores for the tools that reviewers use: Rankings Reloaded (challengeR) and Claims Reloaded.

Both take one value per test case and algorithm. Here a case is a test subject (cases of a subject
are averaged, labels too), the value its main metric averaged over seeds, and an algorithm an
entry. The tools know no seeds: what they say holds for the trained networks, averaged over seeds.
"""

import re
from pathlib import Path

from benchmark.files import csv_text, write_text
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import Setting
from benchmark.statistics.scores import TargetScores
from benchmark.views.text import guard_formula

RANKINGS_COLUMNS = ("Task", "Case", "Algorithm", "Value")


def write_reviewer_files(folder: Path, board: Leaderboard) -> list[Path]:
    """Write all files into a folder.

    `rankings_<metric>.csv` is for Rankings Reloaded and `challengeR::as.challenge`: one file for
    each main metric, since all values of a file need one direction. `claims_<setting>.csv` is for
    Claims Reloaded, which knows Dice only: one file for each setting with two or more entries.

    Returns:
        The files.

    Raises:
        RecordError: The folder cannot be written.
    """
    texts: dict[str, str] = {}
    by_metric: dict[str, list[list[object]]] = {}
    for setting, scores in board.scores.items():
        if not scores.entries:
            continue
        metric = board.metric(setting.target)
        rows = by_metric.setdefault(metric.name, [list(RANKINGS_COLUMNS)])
        rows += _rankings_rows(_task(board, setting), scores)
        if metric.name == "dice" and len(scores.entries) > 1:
            name = re.sub(r"[^\w-]+", "_", _task(board, setting))
            texts[f"claims_{name}.csv"] = csv_text(_claims_rows(scores))
    texts |= {f"rankings_{name}.csv": csv_text(rows) for name, rows in by_metric.items()}
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def _task(board: Leaderboard, setting: Setting) -> str:
    """A setting as the name of a task."""
    size = f"n{setting.train_subjects}" if setting.train_subjects else "nall"
    return " ".join(filter(None, (setting.target, board.lane_words(setting.lane), size)))


def _rankings_rows(task: str, scores: TargetScores) -> list[list[object]]:
    """One row per entry and subject.

    A case is never a number, since R would read 010 and 10 as one case.
    """
    return [
        [
            guard_formula(task),
            f"subject {subject}",
            guard_formula("/".join(map(str, _names(entry)))),
        ]
        + [f"{value:.6f}"]
        for entry, values in zip(scores.entries, scores.values.mean(axis=1).tolist(), strict=True)
        for subject, value in zip(scores.subjects, values, strict=True)
    ]


def _claims_rows(scores: TargetScores) -> list[list[object]]:
    """One row per subject, one column per entry."""
    heads = ["alg_" + "_".join(map(str, _names(entry))) for entry in scores.entries]
    values = scores.values.mean(axis=1).T.tolist()
    return [
        ["case_id", *heads],
        *([guard_formula(subject), *(f"{value:.6f}" for value in row)]
          for subject, row in zip(scores.subjects, values, strict=True)),
    ]  # fmt: skip


def _names(entry: object) -> tuple[object, ...]:
    return entry if isinstance(entry, tuple) else (entry,)
