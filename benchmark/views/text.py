"""Results as text: numbers, intervals and tables, the same in every output format.

Missing numbers are None or NaN and are written as "-".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.files import printable

if TYPE_CHECKING:
    from benchmark.statistics.intervals import Estimate

MISSING = "-"
GAP = "  "  # between the columns of a plain table
SHORTEST = 24  # characters of the last column of a plain table, unless it has fewer
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MARKDOWN = re.compile(
    r"[&<>|`\\*~]"  # HTML, the end of a table cell, code, emphasis, strikethrough
    r"|(?<![^\W_])[_@]|_(?![^\W_])|#"  # emphasis and mentions outside names, issues
    r"|(?<=\])[(:]|(?<=:)//|(?<=www)\.|@(?=[\w-]+\.)"  # links and automatic links, also of mail
)
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "#": "&#35;", "(": "&#40;",
            ":": "&#58;", "//": "&#47;&#47;", ".": "&#46;"}  # fmt: skip


@dataclass(frozen=True)
class TextTable:
    """A table of text, which each output format writes in its own way.

    Attributes:
        title: Heading or caption.
        columns: Column headings.
        rows: One text per column.
        best: Indices of the rows of the candidates for the best.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    best: frozenset[int] = frozenset()


def counted(count: int, noun: str) -> str:
    """A number with its noun, in the plural unless it is 1."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """A duration in seconds (at least 1), minutes or hours, rounded."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{max(1, round(seconds))} s"


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names as one text; of many only the first."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def format_number(value: float | None, style: str) -> str:
    """A number in a format of `format`."""
    return MISSING if value is None or value != value else format(value, style)


def format_bounds(low: float | None, high: float | None, style: str) -> str:
    """An interval as `[low, high]`; empty if a bound is missing."""
    if low is None or high is None or low != low or high != high:
        return ""
    return f"[{low:{style}}, {high:{style}}]"


def format_interval(value: float | None, low: float | None, high: float | None, style: str) -> str:
    """A number with its interval, as `value [low, high]`."""
    if value is None or value != value:
        return MISSING
    return f"{value:{style}} {format_bounds(low, high, style)}".rstrip()


def format_estimate(estimate: "Estimate | None", style: str) -> str:
    """An estimate as `format_interval` writes it."""
    if estimate is None:
        return MISSING
    return format_interval(estimate.value, estimate.low, estimate.high, style)


def fit_table(table: TextTable, width: int) -> list[str]:
    """Lines of a plain table, heading first, of at most `width` characters.

    The first column is always whole. The last is cut, with an ellipsis; where less than SHORTEST
    would be left of it, columns before it are left out, the rightmost first.
    """
    rows = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    shown, last = list(range(len(widths) - 1)), len(widths) - 1
    needed = min(widths[last], SHORTEST)
    while len(shown) > 1 and sum(widths[k] + len(GAP) for k in shown) + needed > width:
        shown.pop()
    left = max(width - sum(widths[k] + len(GAP) for k in shown), 0)
    return [
        GAP.join([*(f"{row[k]:{widths[k]}}" for k in shown), cut(row[last], left)]).rstrip()
        for row in rows
    ]


def cut(text: str, width: int) -> str:
    """A text of at most so many characters; of a longer one the beginning and an ellipsis."""
    return text if len(text) <= width else text[: max(width - 1, 0)].rstrip() + "…" * (width > 0)


def escape_markdown(text: str) -> str:
    """Text of cards and files as one line of Markdown without effect.

    It cannot contain HTML, end a table cell, format, link or mention anything.
    """
    line = printable(" / ".join(text.splitlines()))
    return MARKDOWN.sub(lambda match: ENTITIES.get(match[0], f"\\{match[0]}"), line)


def markdown_section(table: TextTable) -> list[str]:
    """Lines of a table below its title, with an empty line at the end."""
    lines = markdown_table(table.columns, table.rows)
    return [f"## {escape_markdown(table.title)}", "", *lines, ""]


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table; its text is escaped."""
    head, *body = ("| " + " | ".join(map(escape_markdown, row)) + " |" for row in (columns, *rows))
    return [head, "|" + "---|" * len(columns), *body]


def guard_formula(value: Any) -> Any:
    """A cell of a CSV file: text that a spreadsheet would run as a formula gets an apostrophe."""
    is_formula = isinstance(value, str) and value.lstrip().startswith(FORMULA_STARTS)
    return f"'{value}" if is_formula else value
