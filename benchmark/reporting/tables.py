"""The leaderboard as text: terminal, Markdown and CSV."""

from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.records.store import write_text
from benchmark.reporting.bootstrap import RESAMPLES
from benchmark.reporting.leaderboard import Leaderboard
from benchmark.scoring.metrics import METRICS

METHOD = (
    f"95 % intervals: percentile bootstrap over subjects and seeds, {RESAMPLES} resamples. "
    "Gain: paired difference to the same network from random initialisation. Failed: structures "
    "missed or invented, scored worst. Rank: only with every seed."
)
Block = tuple[str, list[str], list[list[str]]]


def blocks(board: Leaderboard) -> list[Block]:
    """Each table as heading, column names and rows of text; the same for every output."""
    found = [_target_block(board, str(name), part) for name, part in _by_target(board)]
    if len(board.overall):
        found.append(_overall_block(board))
    return found


def _by_target(board: Leaderboard) -> list[tuple[object, pd.DataFrame]]:
    return list(board.rows.groupby("target", sort=True)) if len(board.rows) else []


def _target_block(board: Leaderboard, name: str, part: pd.DataFrame) -> Block:
    metric = METRICS[str(part["main_metric"].iloc[0])]
    sizes = len(board.board.train_subjects) > 1
    others = [
        m
        for m in ("hd95_mm", "lesion_f1", "head_circumference_absolute_error_mm")
        if f"mean_{m}" in part and part[f"mean_{m}"].notna().all()
    ]
    heads = ["rank", "source", "strategy", *(["n"] if sizes else [])]
    heads += [f"{metric.title} {_arrow(metric.higher_is_better)} [95 %]", "gain [95 %]"]
    heads += [_short(m) for m in others] + ["failed", "seeds"]
    shared = set.intersection(*(set(_marks(row)) for _, row in part.iterrows()))
    rows = []
    for _, row in part.sort_values("score", ascending=not metric.higher_is_better).iterrows():
        size = [str(row["train_subjects"] or "all")] if sizes else []
        own = [mark for mark in _marks(row) if mark not in shared]
        source = str(row["source"]) + (f" ({', '.join(own)})" if own else "")
        cells = [_number(row["rank"], "g"), source, str(row["strategy"]), *size]
        cells.append(_interval(row["score"], row["low"], row["high"], ".3f"))
        cells.append(_interval(row["gain"], row["gain_low"], row["gain_high"], "+.3f"))
        cells += [_number(row[f"mean_{m}"], ".2f") for m in others]
        cells += [f"{row['failures']}/{row['scored']}", f"{row['seeds']}"]
        rows.append(cells)
    reasons = sorted({text for text in part["unranked"] if text})
    notes = [*sorted(shared), *(f"UNRANKED: {reason}" for reason in reasons)]
    heading = name + (f" ({', '.join(notes)})" if notes else "")
    heading += f", {part['subjects'].iloc[0]} test subjects"
    if blank := part["empty_prediction"].iloc[0]:
        heading += f"; an empty prediction would score {blank:.3f}"
    return heading, heads, rows


def _marks(row: "pd.Series[Any]") -> list[str]:
    return [mark for mark in str(row["marks"]).split(", ") if mark]


def _overall_block(board: Leaderboard) -> Block:
    heads = ["source", "strategy", "n", "mean rank ↓", "mean gain ↑", "targets"]
    rows = [
        [
            str(row["source"]),
            str(row["strategy"]),
            str(row["train_subjects"] or "all"),
            _number(row["mean_rank"], ".2f"),
            _number(row["mean_gain"], "+.3f"),
            f"{row['targets']}/{row['targets_wanted']}",
        ]
        for _, row in board.overall.iterrows()
    ]
    return "All targets" + (" (synthetic)" if board.synthetic else ""), heads, rows


def title(board: Leaderboard) -> str:
    """Heading of the whole board."""
    return f"{board.board.title} ({board.board.id}){' - SYNTHETIC' if board.synthetic else ''}"


def footer(board: Leaderboard) -> str:
    """Method, and how many cells are missing."""
    count = len(board.missing)
    return METHOD + (f" Missing cells of the board: {count}." if count else "")


def print_leaderboard(board: Leaderboard, console: Console) -> None:
    """Print every table."""
    console.rule(escape(title(board)), align="left")
    for heading, heads, rows in blocks(board):
        table = Table(title=escape(heading), title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
        for head in heads:
            folds = head in ("source", "seeds")
            table.add_column(head, overflow="fold", min_width=10 if folds else len(head.split()[0]))
        for row in rows:
            table.add_row(
                *(escape(text).replace(" [", "\n[").replace(", ", ",\u00a0") for text in row)
            )
        console.print(table)
    if not len(board.rows):
        console.print("no records yet")
    console.print(footer(board), highlight=False)


def to_markdown(board: Leaderboard) -> str:
    """The same tables in Markdown; text of cards is escaped."""
    lines = [f"# {_escape(title(board))}", "", _escape(board.board.description), ""]
    for heading, heads, rows in blocks(board):
        lines += [f"## {_escape(heading)}", "", "| " + " | ".join(heads) + " |"]
        lines.append("|" + "---|" * len(heads))
        lines += ["| " + " | ".join(map(_escape, row)) + " |" for row in rows] + [""]
    return "\n".join([*lines, _escape(footer(board)), ""])


def to_csv(board: Leaderboard) -> str:
    """All rows with every number."""
    return board.rows.to_csv(index=False, float_format="%.6f", lineterminator="\n")


def write_leaderboard(folder: Path, board: Leaderboard) -> None:
    """Write leaderboard.csv and README.md into a board's folder."""
    write_text(folder / "leaderboard.csv", to_csv(board))
    write_text(folder / "README.md", to_markdown(board))


def _short(metric: str) -> str:
    names = {"head_circumference_absolute_error_mm": "HC error mm", "lesion_f1": "lesion F1"}
    known = METRICS[metric]
    return f"{names.get(metric, 'HD95 mm')} {_arrow(known.higher_is_better)}"


def _arrow(higher_is_better: bool) -> str:
    return "↑" if higher_is_better else "↓"


def _number(value: float | None, style: str) -> str:
    return "-" if value is None or pd.isna(value) else format(value, style)


def _interval(value: float | None, low: float | None, high: float | None, style: str) -> str:
    if _number(low, style) == "-":
        return _number(value, style)
    return f"{_number(value, style)} [{_number(low, style)}, {_number(high, style)}]"


def _escape(text: str) -> str:
    for old, new in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("`", "\\`")):
        text = text.replace(old, new)
    return text
