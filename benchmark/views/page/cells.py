"""Cells of HTML tables, a column at a time; what comes from cards and records is escaped here.

A cell is `<td>text` or `<td data-key="0.5">text`: the key is what a number is sorted by, and the
attribute marks numbers for the style sheet. End tags are left out, as HTML allows. `page.js` reads
this form back, so that a table stands in the file once.
"""

from collections.abc import Iterable, Sequence
from math import isfinite, nan
from typing import Any

import pandas as pd
from markupsafe import escape

from benchmark.leaderboard.build import LEGACY
from benchmark.records.trust import LEVELS
from benchmark.statistics.tie_groups import letter

Cells = list[str]
NONE = '<td data-key="">–'


def floats(frame: pd.DataFrame, name: str) -> list[float]:
    """A column of numbers; what is missing is NaN."""
    if name not in frame:
        return [nan] * len(frame)
    column: list[float] = pd.to_numeric(frame[name]).astype(float).tolist()
    return column


def strings(frame: pd.DataFrame, name: str) -> list[str]:
    """A column of texts; what is missing is empty."""
    return listed(frame[name].fillna("").astype(str)) if name in frame else [""] * len(frame)


def listed(values: Iterable[Any]) -> list[Any]:
    """Values as a list; pandas hands out a column of texts one by one much more slowly."""
    return values.tolist() if isinstance(values, pd.Series) else list(values)


def escaped(values: Iterable[object]) -> list[str]:
    """Values as text that is safe inside elements and quoted attributes."""
    known: dict[object, str] = {}
    return [
        known[value] if value in known else known.setdefault(value, str(escape(value)))
        for value in listed(values)
    ]


def texts(values: Iterable[object]) -> Cells:
    """Plain text."""
    return [f"<td>{text}" for text in escaped(values)]


def sentences(values: Iterable[object]) -> Cells:
    """Text that may be long; it is broken into lines."""
    return [f'<td><span class="long">{text}</span>' if text else "<td>" for text in escaped(values)]


def linked(values: Iterable[object], anchors: dict[Any, str]) -> Cells:
    """Text that leads to a place on the page; a name without a place stays text."""
    values = listed(values)
    return [
        f'<td><a href="#{anchors[value]}">{text}</a>' if value in anchors else f"<td>{text}"
        for value, text in zip(values, escaped(values), strict=True)
    ]


def sizes(values: Iterable[int]) -> Cells:
    """Numbers of training subjects; 0 stands for all of them and sorts last."""
    return [f'<td data-key="{value or 1e18:.6g}">{value or "all"}' for value in values]


def numbers(values: Sequence[float], style: str) -> Cells:
    """Numbers in one format."""
    return [
        f'<td data-key="{value:.6g}">{value:{style}}' if isfinite(value) else NONE
        for value in values
    ]


def estimates(
    frame: pd.DataFrame, name: str, style: str, notes: Sequence[str] | None = None
) -> Cells:
    """Numbers with their interval in small type, or a note where there is no number."""
    prefix = "" if name == "score" else f"{name}_"
    columns = (floats(frame, column) for column in (name, f"{prefix}low", f"{prefix}high"))
    said = escaped(notes) if notes else [""] * len(frame)
    return [
        f'<td data-key="{value:.6g}">{value:{style}}{_interval(low, high, style)}'
        if isfinite(value)
        else NONE + (f" <small>{note}</small>" if note else "")
        for value, low, high, note in zip(*columns, said, strict=True)
    ]


def ranks(frame: pd.DataFrame, name: str) -> Cells:
    """Ranks with tie group and interval; `name` is the column of the rank itself."""
    columns = (floats(frame, column) for column in (name, "rank_low", "rank_high", "group"))
    return [
        f'<td data-key="{value:.6g}">{value:.3g}'
        + (f' <b class="group g{int(group)}">{letter(int(group))}</b>' if isfinite(group) else "")
        + _interval(low, high, ".3g")
        if isfinite(value)
        else NONE
        for value, low, high, group in zip(*columns, strict=True)
    ]


def marks(frame: pd.DataFrame) -> Cells:
    """Everything that a reader must know of an entry, as badges."""
    columns = (strings(frame, name) for name in ("marks", "trust", "unranked", "why_unranked"))
    return [f"<td>{_badges(*row)}" for row in zip(*columns, strict=True)]


def plot_range(frame: pd.DataFrame) -> tuple[float, float]:
    """Smallest and largest number that a plot of scores has to show."""
    known = [v for name in ("score", "low", "high") for v in floats(frame, name) if isfinite(v)]
    return (min(known), max(known)) if known else (0.0, 0.0)


def plots(frame: pd.DataFrame, zero: float | None) -> Cells:
    """Score and interval as a dot with whiskers; a faint line where the baseline is."""
    value, low, high = (floats(frame, name) for name in ("score", "low", "high"))
    start, end = plot_range(frame)
    width = end - start or 1.0

    def x(number: float) -> str:
        return f"{4 + 112 * (number - start) / width:.1f}"

    base = "" if zero is None else f'<path class="zero" d="M{x(zero)} 0V16"/>'
    found = []
    for v, a, b in zip(value, low, high, strict=True):
        whisker = f'<path d="M{x(a)} 8H{x(b)}"/>' if isfinite(a) and isfinite(b) else ""
        dot = f'<circle cx="{x(v)}" cy="8" r="3"/>' if isfinite(v) else ""
        found.append(f'<td><svg class="plot" aria-hidden="true">{base}{whisker}{dot}</svg>')
    return found


def _interval(low: float, high: float, style: str) -> str:
    if not (isfinite(low) and isfinite(high)):
        return ""
    return f" <small>[{low:{style}}, {high:{style}}]</small>"


def _badges(marks: str, trust: str, unranked: str, why: str) -> str:
    found = [badge(mark) for mark in marks.split(", ") if mark]
    if trust in LEVELS[1:]:
        found.append(badge(trust))
    if unranked or why:
        found.append(f'{badge("UNRANKED")} <small class="long">{escape(unranked or why)}</small>')
    return ", ".join(found)


def badge(mark: str) -> str:
    """A mark as a badge; only the known ones have a colour."""
    kind = mark.replace(" ", "_") if mark in MARK_NAMES else ""
    return f'<b class="mark {kind}">{escape(mark)}</b>'


MARK_NAMES = ("synthetic", "subset", "partial weights", "contaminated", LEGACY, "UNRANKED",
              *LEVELS[1:])  # fmt: skip
