"""The leaderboard as text: terminal, Markdown and CSV."""

from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.files import write_text
from benchmark.leaderboard.build import Leaderboard
from benchmark.records.trust import LEVELS
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.bootstrap import RESAMPLES
from benchmark.statistics.tie_groups import letter

METHOD = (
    f"95 % intervals: bootstrap over subjects ({RESAMPLES} resamples) with the seeds' noise. Gain: "
    "paired difference to the same network from random initialisation. Rank: only with every "
    "seed; [..] where 95 % of redraws put it. Letter: tie group, those that a paired test cannot "
    "tell from the group's best (Wilcoxon, and the mean against seed noise; Holm over all pairs). "
    "Failed: structures missed or invented, scored worst. Trust: rows that say neither re-scored "
    "nor re-run are self-reported, nobody but the submitter has scored or run them."
)
Block = tuple[str, list[str], list[list[str]]]


def blocks(board: Leaderboard) -> list[Block]:
    """Each table as heading, column names and rows of text; the same for every output."""
    if not len(board.rows):
        return []
    found = [
        _target_block(board, str(name), part)
        for name, part in board.rows.groupby("target", sort=False)
    ]
    return [*found, _overall_block(board)] if len(board.overall) else found


def _target_block(board: Leaderboard, name: str, part: pd.DataFrame) -> Block:
    metric = METRICS[str(part["main_metric"].iloc[0])]
    sizes = part["train_subjects"].nunique() > 1
    others = [
        m
        for m in ("hd95_mm", "lesion_f1", "head_circumference_absolute_error_mm")
        if f"mean_{m}" in part and part[f"mean_{m}"].notna().all()
    ]
    heads = ["rank [95 %]", "source", "strategy", *(["n"] if sizes else [])]
    heads += [f"{metric.title} {_arrow(metric.higher_is_better)} [95 %]", "gain [95 %]"]
    heads += [_short(m) for m in others] + ["failed", "seeds"]
    shared = _shared(part)
    rows = []
    for _, row in part.iterrows():
        size = [str(row["train_subjects"] or "all")] if sizes else []
        cells = [_rank(row, "rank"), _marked(row, shared), str(row["strategy"]), *size]
        cells.append(_interval(row["score"], row["low"], row["high"], ".3f"))
        cells.append(_interval(row["gain"], row["gain_low"], row["gain_high"], "+.3f"))
        cells += [_number(row[f"mean_{m}"], ".2f") for m in others]
        cells += [f"{row['failures']}/{row['scored']}", f"{row['seeds']}"]
        rows.append(cells)
    reasons = sorted({text for text in part["unranked"] if text})
    notes = [*sorted(shared), *(f"UNRANKED: {reason}" for reason in reasons)]
    if name not in board.board.targets:
        notes.append("not a target of this board")
    heading = name + (f" ({', '.join(notes)})" if notes else "")
    heading += f", {part['subjects'].iloc[0]} test subjects"
    if blank := part["empty_prediction"].iloc[0]:
        heading += f"; an empty prediction would score {blank:.3f}"
    covers = [str(what) for what in part["interval_covers"].dropna().unique()]
    if any(what != "subjects and seeds" for what in covers):
        heading += f"; 95 % intervals cover {' or '.join(covers)}"
    return heading, heads, rows


def _marks(row: "pd.Series[Any]") -> list[str]:
    """Marks of a row; its trust level is one of them unless it is the lowest."""
    trust = [str(row["trust"])] if row["trust"] != LEVELS[0] else []
    return [*(mark for mark in str(row["marks"]).split(", ") if mark), *trust]


def _marked(row: "pd.Series[Any]", shared: Set[str]) -> str:
    """The source of a row and, in brackets, the marks that not all rows share."""
    own = [mark for mark in _marks(row) if mark not in shared]
    return str(row["source"]) + (f" ({', '.join(own)})" if own else "")


def _shared(rows: pd.DataFrame) -> set[str]:
    return set.intersection(*(set(_marks(row)) for _, row in rows.iterrows()))


def _overall_block(board: Leaderboard) -> Block:
    heads = ["mean rank ↓ [95 %]", "source", "strategy", "n", "standardised gain ↑ [95 %]", "lacks"]
    shared = _shared(board.overall)
    rows = [
        [
            _rank(row, "mean_rank"),
            _marked(row, shared),
            str(row["strategy"]),
            str(row["train_subjects"] or "all"),
            _interval(
                row["standardised"], row["standardised_low"], row["standardised_high"], "+.2f"
            ),
            str(row["lacks"]) or "-",
        ]
        for _, row in board.overall.iterrows()
    ]
    name = "All targets, without contaminated cells" if board.clean else "All targets"
    return name + (f" ({', '.join(sorted(shared))})" if shared else ""), heads, rows


def title(board: Leaderboard) -> str:
    """Heading of the whole board."""
    caution = f" - {board.caution}" if board.caution else ""
    return f"{board.board.title} ({board.board.id}){caution}"


def footer(board: Leaderboard) -> str:
    """Method, what a boundary between groups says, stability, missing and contaminated cells."""
    text = METHOD + "".join(f" Groups: {note}." for note in board.notes)
    for size, tau in board.stability.items():
        if tau is not None:
            of = f" with {size} training subjects" if size else ""
            text += f" Kendall's tau of the overall ranking and its redraws{of}: {tau:.2f}."
    if board.contaminated:
        text += " Contaminated: the source saw some of the target's data; `--clean` leaves it out."
    return text + (f" Missing cells of the board: {len(board.missing)}." if board.missing else "")


def print_leaderboard(board: Leaderboard, console: Console, more: Sequence[Block] = ()) -> None:
    """Print every table, and further ones."""
    console.rule(escape(title(board)), align="left")
    for heading, heads, rows in (*blocks(board), *more):
        table = Table(title=escape(heading), title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
        for head in heads:
            folds = head in ("source", "seeds", "lacks", "notes")
            table.add_column(head, overflow="fold", min_width=10 if folds else len(head.split()[0]))
        for row in rows:
            table.add_row(
                *(escape(text).replace(" [", "\n[").replace(", ", ",\u00a0") for text in row)
            )
        console.print(table)
    if not len(board.rows):
        console.print(f"no records yet; type `segtransfer run {board.board.id}`", markup=False)
    console.print(footer(board), highlight=False)


def to_markdown(board: Leaderboard, more: Sequence[Block] = ()) -> str:
    """The same tables in Markdown; text of cards is escaped."""
    lines = [f"# {_escape(title(board))}", "", _escape(board.board.description), ""]
    for heading, heads, rows in (*blocks(board), *more):
        lines += [f"## {_escape(heading)}", "", "| " + " | ".join(heads) + " |"]
        lines.append("|" + "---|" * len(heads))
        lines += ["| " + " | ".join(map(_escape, row)) + " |" for row in rows] + [""]
    return "\n".join([*lines, _escape(footer(board)), ""])


def to_csv(board: Leaderboard) -> str:
    """All rows with every number; the paths of an entry's records are joined by spaces.

    A text that a spreadsheet would take for a formula gets an apostrophe; numbers stay as they are.
    """
    if not len(board.rows):
        return ""
    rows = board.rows.assign(records=board.rows["records"].str.join(" "))
    for name in rows.select_dtypes(exclude="number").columns:
        rows[name] = [_no_formula(x) if isinstance(x, str) else x for x in rows[name]]
    return rows.to_csv(index=False, float_format="%.6f", lineterminator="\n")


def _no_formula(text: str) -> str:
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) else text


def write_leaderboard(folder: Path, board: Leaderboard, more: Sequence[Block] = ()) -> None:
    """Write leaderboard.csv and README.md into a board's folder."""
    write_text(folder / "leaderboard.csv", to_csv(board))
    write_text(folder / "README.md", to_markdown(board, more))


def _short(metric: str) -> str:
    names = {"head_circumference_absolute_error_mm": "HC error mm", "lesion_f1": "lesion F1"}
    known = METRICS[metric]
    return f"{names.get(metric, 'HD95 mm')} {_arrow(known.higher_is_better)}"


def _arrow(higher_is_better: bool) -> str:
    return "↑" if higher_is_better else "↓"


def _rank(row: "pd.Series[Any]", name: str) -> str:
    """Rank, tie group as a letter, interval."""
    text = _interval(row[name], row["rank_low"], row["rank_high"], ".3g")
    if text == "-" or pd.isna(row["group"]):
        return text
    value, _, rest = text.partition(" ")
    return f"{value} {letter(int(row['group']))} {rest}".rstrip()


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
