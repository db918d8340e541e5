"""The tables of a leaderboard as text, shared by terminal, Markdown and LaTeX."""

from collections.abc import Iterator, Set
from typing import Any, get_args

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.records.record import MARK_NAMES
from benchmark.records.trust import LEVELS
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.bootstrap import RESAMPLES
from benchmark.statistics.paired_tests import Claim
from benchmark.statistics.tie_groups import TOO_FEW, letter
from benchmark.views.text import TextTable, counted, format_interval, format_number

MOST = 4  # entries named for each reason

LINEAR = (
    "Lane linear ranks CNNs and vision transformers together, although the resolution of their "
    "feature maps differs."
)
METHOD = (
    f"95 % intervals: bootstrap over subjects ({RESAMPLES} resamples) with the noise of the seeds. "
    "Gain: paired difference to the same network and strategy from random initialisation. Rank: "
    "only entries with every seed; [..] contains 95 % of the ranks when subjects and seeds are "
    "resampled. "
    "Letter: tie group, the entries without a significant difference from the group's best "
    "(Wilcoxon, and the mean against seed noise; Holm over all pairs). Failed: structures without "
    "any overlap (missed, misplaced or invented). Trust: rows marked neither re-scored nor re-run "
    "are self-reported; only the submitter has scored and run them."
)


def leaderboard_tables(board: Leaderboard) -> list[TextTable]:
    """One table per target and lane, then the overall table of each lane."""
    if not len(board.rows):
        return []
    tables = [
        _target_table(board, rows) for _, rows in board.rows.groupby(["target", "lane"], sort=False)
    ]
    overall = board.overall.groupby("lane", sort=False) if len(board.overall) else ()
    return [*tables, *(_overall_table(board, rows) for _, rows in overall)]


def title(board: Leaderboard) -> str:
    """Heading of the leaderboard."""
    caution = f" - {board.caution}" if board.caution else ""
    return f"{board.board.title} ({board.board.id}){caution}"


def method(board: Leaderboard | None) -> str:
    """How numbers are computed, and what the lane `linear` of a board compares."""
    return f"{METHOD} {LINEAR}" if board and "linear" in board.lanes else METHOD


def footer(board: Leaderboard) -> str:
    """Methods, meaning of the tie groups, stability, missing and contaminated cells."""
    missing = f"Missing cells of the board: {len(board.missing)}." if board.missing else ""
    if not len(board.rows):
        return missing
    texts = [method(board), *_group_notes(board), *_reasons(board)]
    for (lane, size), tau in board.stability.items():
        if tau is not None:
            which = f" with {counted(size, 'training subject')}" if size else ""
            which += f" in {words}" if (words := board.lane_words(lane)) else ""
            texts.append(
                f"Kendall's tau of the overall ranking and its resamples{which}: {tau:.2f}."
            )
    if failed := int(board.rows["failed_cells"].sum()):
        texts.append(
            f"Failed cells: {failed}, whose training diverged; every structure counts as missed "
            "or invented."
        )
    if board.contaminated:
        texts.append(
            "Contaminated: the source saw some of the target's data; `--clean` leaves it out."
        )
    if any(MARK_NAMES["unchecked"] in marks for marks in board.rows["marks"]):
        texts.append(
            "Unchecked data: nobody outside can tell whether the source saw the target's data."
        )
    return " ".join([*texts, missing]).rstrip()


def _group_notes(board: Leaderboard) -> Iterator[str]:
    """What different letters show, and why there may be none."""
    groups = [group for rows in (board.rows, board.overall) if len(rows) for group in rows["group"]]
    if not any(pd.notna(group) for group in groups):
        return
    seeds = counted(len(board.board.seeds), "seed")
    if any(pd.notna(group) and group > 1 for group in groups):
        for note in board.notes:
            yield from ([f"Different letters: {note}."] if note in get_args(Claim) else [])
    else:
        yield (
            f"All entries are tied: with {seeds} and this number of test subjects, no difference "
            "is significant."
        )
    if TOO_FEW in board.notes:
        yield (
            "With so few test subjects and so many entries, some tables cannot separate any pair, "
            "however large the difference."
        )


def _reasons(board: Leaderboard) -> Iterator[str]:
    """Why entries have no rank or no gain, where a table shows a dash."""
    entries: dict[tuple[str, str, str], list[str]] = {}
    for _, row in board.rows.iterrows():
        lacking = "No gain" if pd.isna(row["gain"]) else "No standardised gain"
        for head, reason in (("No rank", row["why_unranked"]), (lacking, row["gain_note"])):
            if reason:
                where = ", ".join(filter(None, (row["target"], board.lane_words(row["lane"]))))
                names = entries.setdefault((head, where, str(reason)), [])
                names.append(f"{row['source']}/{row['strategy']}")
    for (head, target, reason), names in entries.items():
        shown = [*dict.fromkeys(names)]
        more = f" and {len(shown) - MOST} more" if len(shown) > MOST else ""
        yield f"{head} on {target}: {', '.join(shown[:MOST])}{more}: {reason}."


def _target_table(board: Leaderboard, rows: pd.DataFrame) -> TextTable:
    metric = METRICS[str(rows["main_metric"].iloc[0])]
    sized = rows["train_subjects"].nunique() > 1
    further = [other for name, other in METRICS.items() if other.short_title
               and f"mean_{name}" in rows and rows[f"mean_{name}"].notna().all()]  # fmt: skip
    columns = ["rank [95 %]", "source", "strategy", *(["n"] if sized else []),
               f"{metric.title} {metric.arrow} [95 %]", "gain [95 %]",
               *(f"{other.short_title} {other.arrow}" for other in further),
               "failed", "seeds"]  # fmt: skip
    shared = _shared_marks(rows)
    cells = [
        [
            _rank(row, "rank"),
            _marked_source(row, shared),
            str(row["strategy"]),
            *([str(row["train_subjects"] or "all")] if sized else []),
            format_interval(row["score"], row["low"], row["high"], ".3f"),
            format_interval(row["gain"], row["gain_low"], row["gain_high"], "+.3f"),
            *(format_number(row[f"mean_{other.name}"], ".2f") for other in further),
            f"{row['failures']}/{row['scored']}",
            str(row["seeds"]),
        ]
        for _, row in rows.iterrows()
    ]
    return TextTable(_target_title(board, rows, shared), columns, cells, _best(rows))


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
    covers = [str(covered) for covered in rows["interval_covers"].dropna().unique()]
    if any(covered != "subjects and seeds" for covered in covers):
        text += f"; 95 % intervals cover {' or '.join(covers)}"
    return text


def _overall_table(board: Leaderboard, rows: pd.DataFrame) -> TextTable:
    columns = ["mean rank ↓ [95 %]", "source", "strategy", "n", "standardised gain ↑ [95 %]",
               "lacks"]  # fmt: skip
    shared = _shared_marks(rows)
    cells = [
        [
            _rank(row, "mean_rank"),
            _marked_source(row, shared),
            str(row["strategy"]),
            str(row["train_subjects"] or "all"),
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
    """Rank, letter of the tie group, interval."""
    text = format_interval(row[name], row["rank_low"], row["rank_high"], ".3g")
    if text == "-" or pd.isna(row["group"]):
        return text
    value, _, bounds = text.partition(" ")
    return f"{value} {letter(int(row['group']))} {bounds}".rstrip()
