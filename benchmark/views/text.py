"""Results as text: numbers, intervals and tables, the same in every output format.

Missing numbers are None or NaN and are written as "-".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.files import printable
from benchmark.statistics.bootstrap import Estimate

MISSING = "-"
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
        best: Indices of the rows of tie group a.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    best: frozenset[int] = frozenset()


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


def format_estimate(estimate: Estimate | None, style: str) -> str:
    """An estimate as `format_interval` writes it."""
    if estimate is None:
        return MISSING
    return format_interval(estimate.value, estimate.low, estimate.high, style)


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
