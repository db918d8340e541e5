"""The tables of a leaderboard as text, shared by terminal, Markdown and LaTeX."""

from collections.abc import Set
from typing import Any

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.rows import main_metric
from benchmark.records.trust import LEVELS
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.candidates import LETTER
from benchmark.views.text import TextTable, format_interval, format_number


def leaderboard_tables(board: Leaderboard) -> list[TextTable]:
    """One table per target and lane, then the overall table of each lane."""
    if not len(board.rows):
        return []
    tables = [
        _target_table(board, rows) for _, rows in board.rows.groupby(["target", "lane"], sort=False)
    ]
    overall = board.over_targets
    lanes = overall.groupby("lane", sort=False) if len(overall) else ()
    return [*tables, *(_overall_table(board, rows) for _, rows in lanes)]


def title(board: Leaderboard) -> str:
    """Heading of the leaderboard."""
    caution = f" - {board.caution}" if board.caution else ""
    return f"{board.board.title} ({board.board.id}){caution}"


def _target_table(board: Leaderboard, rows: pd.DataFrame) -> TextTable:
    metric = main_metric(rows)
    sized = rows["train_subjects"].nunique() > 1
    further = [other for name, other in METRICS.items() if other.short_title
               and f"mean_{name}" in rows and rows[f"mean_{name}"].notna().all()]  # fmt: skip
    columns = ["rank [95 %]", "source", "strategy", *(["n"] if sized else []), "P(1)",
               f"{metric.title} {metric.arrow} [95 %]", "gain [95 %]", "P(no gain)",
               *(f"{other.short_title} {other.arrow}" for other in further),
               "failed", "seeds"]  # fmt: skip
    shared = _shared_marks(rows)
    cells = [
        [
            _rank(row, "rank"),
            _marked_source(row, shared),
            str(row["strategy"]),
            *([str(row["train_subjects"] or "all")] if sized else []),
            format_number(row["p_rank_1"], ".2f"),
            format_interval(row["score"], row["low"], row["high"], ".3f"),
            _gain(row),
            format_number(row["p_not_better"], ".3f"),
            *(format_number(row[f"mean_{other.name}"], ".2f") for other in further),
            f"{row['failures']}/{row['scored']}",
            str(row["seeds"]),
        ]
        for _, row in rows.iterrows()
    ]
    return TextTable(_target_title(board, rows, shared), columns, cells, _best(rows))


def _gain(row: "pd.Series[Any]") -> str:
    """Gain with its interval, and the seeds that it is of if these are not all."""
    text = format_interval(row["gain"], row["gain_low"], row["gain_high"], "+.3f")
    some = row["gain_note"] if pd.notna(row["standardised"]) else ""
    return f"{text} ({some})" if some else text


def _target_title(board: Leaderboard, rows: pd.DataFrame, shared: Set[str]) -> str:
    target, lane = rows["target"].iloc[0], board.lane_words(rows["lane"].iloc[0])
    reasons = sorted({text for text in rows["unranked"] if text})
    notes = [*sorted(shared), *(f"UNRANKED: {reason}" for reason in reasons)]
    if target not in board.board.targets:
        notes.append("not a target of this board")
    text = ", ".join(filter(None, (target, lane))) + (f" ({', '.join(notes)})" if notes else "")
    text += f", {rows['subjects'].iloc[0]} test subjects"
    if blank := rows["empty_prediction"].iloc[0]:
        text += f"; an empty prediction would score {blank:.3f}"
    if not pd.isna(gain := rows["detectable_gain"].median()):
        text += f"; gains of {gain:.3f} would be found in 80 % of boards"
    covers = [str(covered) for covered in rows["interval_covers"].dropna().unique()]
    if any(covered != "subjects and seeds" for covered in covers):
        text += f"; 95 % intervals cover {' or '.join(covers)}"
    return text


def _overall_table(board: Leaderboard, rows: pd.DataFrame) -> TextTable:
    columns = ["mean rank ↓ [95 %]", "source", "strategy", "n", "P(1)",
               "standardised gain ↑ [95 %]", "lacks"]  # fmt: skip
    shared = _shared_marks(rows)
    cells = [
        [
            _rank(row, "mean_rank"),
            _marked_source(row, shared),
            str(row["strategy"]),
            str(row["train_subjects"] or "all"),
            format_number(row["p_rank_1"], ".2f"),
            format_interval(
                row["standardised"], row["standardised_low"], row["standardised_high"], "+.2f"
            ),
            str(row["lacks"]) or "-",
        ]
        for _, row in rows.iterrows()
    ]
    name = "All targets, without contaminated cells" if board.clean else "All targets"
    name += f", {words}" if (words := board.lane_words(rows["lane"].iloc[0])) else ""
    name += f" ({', '.join(sorted(shared))})" if shared else ""
    return TextTable(name, columns, cells, _best(rows))


def _best(rows: pd.DataFrame) -> frozenset[int]:
    return frozenset(number for number, group in enumerate(rows["group"]) if group == 1)


def _marks(row: "pd.Series[Any]") -> list[str]:
    """Marks of a row, and its trust level unless it is the lowest."""
    trust = [str(row["trust"])] if row["trust"] != LEVELS[0] else []
    return [*(mark for mark in str(row["marks"]).split(", ") if mark), *trust]


def _shared_marks(rows: pd.DataFrame) -> set[str]:
    return set.intersection(*(set(_marks(row)) for _, row in rows.iterrows()))


def _marked_source(row: "pd.Series[Any]", shared: Set[str]) -> str:
    """The source of a row and, in brackets, the marks that not all rows share."""
    marks = [mark for mark in _marks(row) if mark not in shared]
    return str(row["source"]) + (f" ({', '.join(marks)})" if marks else "")


def _rank(row: "pd.Series[Any]", name: str) -> str:
    """Rank, letter of the candidates for the best, interval."""
    text = format_interval(row[name], row["rank_low"], row["rank_high"], ".3g")
    if text == "-" or pd.isna(row["group"]):
        return text
    value, _, bounds = text.partition(" ")
    return f"{value} {LETTER} {bounds}".rstrip()
