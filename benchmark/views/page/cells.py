"""Cells of HTML tables, one column at a time; text of cards and records is escaped here.

End tags are left out, as HTML allows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import repeat
from math import isfinite, nan
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import escape

from benchmark.leaderboard.target_table import LEGACY
from benchmark.records.trust import LEVELS
from benchmark.statistics.candidates import LETTER

NONE = "–"
MARK_NAMES = ("synthetic", "subset", "partial weights", "contaminated", "unchecked data",
              "unseen labels", LEGACY, "UNRANKED", *LEVELS[1:])  # fmt: skip


@dataclass(frozen=True)
class ColumnCells:
    """The cells of one column.

    Attributes:
        html: Content of each cell.
        keys: Numbers by which the cells are sorted, NaN for a missing one; None for text.
        parts: Texts of a number with an interval, which are columns of their own in a CSV copy;
            "" is the number itself.
    """

    html: Sequence[str]
    keys: Sequence[float] | None = None
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def data(self) -> dict[str, object]:
        """The cells for the page's script: each distinct cell once.

        `codes` has the position of each row's cell in `cells`. Per distinct cell, `order` has its
        rank among the numbers from 1 on, 0 for a missing one, and `parts` its texts.
        """
        codes, cells = pd.factorize(np.array(self.html, dtype=object))
        data: dict[str, object] = {"cells": cells.tolist(), "codes": codes.tolist()}
        first = np.empty(len(cells), dtype=int)  # row of each distinct cell
        first[codes[::-1]] = np.arange(len(codes))[::-1]
        if self.keys is not None:
            keys = np.asarray(self.keys, dtype=float)[first]
            order = np.unique(keys, return_inverse=True)[1] + 1
            data["order"] = np.where(np.isnan(keys), 0, order).tolist()
        if self.parts:
            rows = first.tolist()
            data["parts"] = {part: [texts[row] for row in rows]
                             for part, texts in self.parts.items()}  # fmt: skip
        return data


def floats(frame: pd.DataFrame, name: str) -> list[float]:
    """A column of numbers; missing ones are NaN."""
    if name not in frame:
        return [nan] * len(frame)
    column: list[float] = pd.to_numeric(frame[name]).astype(float).tolist()
    return column


def strings(frame: pd.DataFrame, name: str) -> list[str]:
    """A column of texts; missing ones are empty."""
    return as_list(frame[name].fillna("").astype(str)) if name in frame else [""] * len(frame)


def as_list(values: Iterable[Any]) -> list[Any]:
    """Values as a list; iterating over a pandas column of texts is much slower."""
    return values.tolist() if isinstance(values, pd.Series) else list(values)


def escaped(values: Iterable[object]) -> list[str]:
    """Values as text that is safe inside elements and quoted attributes."""
    safe = cache(lambda value: str(escape(value)))
    return [safe(value) for value in as_list(values)]


def texts(values: Iterable[object]) -> ColumnCells:
    """Plain text."""
    return ColumnCells(escaped(values))


def long_texts(values: Iterable[object]) -> ColumnCells:
    """Text that may be long; it is broken into lines."""
    return ColumnCells(
        [f'<span class="long">{text}</span>' if text else "" for text in escaped(values)]
    )


def links(values: Iterable[object], anchors: Mapping[Any, str]) -> ColumnCells:
    """Text that links to a section of the page; a name without a section stays text."""
    values = as_list(values)
    return ColumnCells([
        f'<a href="#{anchors[value]}">{text}</a>' if value in anchors else text
        for value, text in zip(values, escaped(values), strict=True)
    ])  # fmt: skip


def sizes(values: Iterable[int]) -> ColumnCells:
    """Numbers of training subjects; 0 stands for all of them and sorts last."""
    values = as_list(values)
    return ColumnCells(
        [str(value or "all") for value in values], [value or np.inf for value in values]
    )


def numbers(values: Sequence[float], style: str) -> ColumnCells:
    """Numbers in one format."""
    return ColumnCells(_formatted(values, style, NONE), values)


def shares(counts: Sequence[float], totals: Sequence[float]) -> ColumnCells:
    """Counts with their totals, sorted by the ratio."""
    pairs = list(zip(counts, totals, strict=True))
    html = [f"{count:.0f}/{total:.0f}" for count, total in pairs]
    return ColumnCells(html, [count / total if total else 0.0 for count, total in pairs])


def intervals(
    frame: pd.DataFrame, name: str, style: str, notes: Sequence[str] | None = None
) -> ColumnCells:
    """Numbers with their interval in small type, and the note, also where there is no number."""
    prefix = "" if name == "score" else f"{name}_"
    values, *bounds = (floats(frame, column) for column in (name, f"{prefix}low", f"{prefix}high"))
    texts, low, high = (_formatted(column, style) for column in (values, *bounds))
    reasons = [f" <small>{note}</small>" if note else "" for note in escaped(notes or ())]
    html = [
        (text + _interval(a, b) if text else NONE) + reason
        for text, a, b, reason in zip(texts, low, high, reasons or repeat(""), strict=False)
    ]
    return ColumnCells(html, values, {"": texts, "low": low, "high": high})


def ranks(frame: pd.DataFrame, name: str) -> ColumnCells:
    """Ranks with letter a and interval; `name` is the column of the rank itself."""
    values, *bounds = (floats(frame, column) for column in (name, "rank_low", "rank_high"))
    texts, low, high = (_formatted(column, ".3g") for column in (values, *bounds))
    groups = [LETTER if isfinite(group) else "" for group in floats(frame, "group")]
    badge = f' <b class="group g1">{LETTER}</b>'
    html = [
        text + (badge if group else "") + _interval(a, b) if text else NONE
        for text, group, a, b in zip(texts, groups, low, high, strict=True)
    ]
    return ColumnCells(html, values, {"": texts, "group": groups, "low": low, "high": high})


def marks(frame: pd.DataFrame) -> ColumnCells:
    """The marks of each entry, its trust level and why it is unranked, as badges."""
    columns = (strings(frame, name) for name in ("marks", "trust", "unranked", "why_unranked"))
    return ColumnCells([*map(cache(_badges), *columns)])


def badge(mark: str) -> str:
    """A mark as a badge; only the known ones have a colour."""
    kind = mark.replace(" ", "_") if mark in MARK_NAMES else ""
    return f'<b class="mark {kind}">{escape(mark)}</b>'


def _formatted(values: Sequence[float], style: str, missing: str = "") -> list[str]:
    """Numbers as text."""
    return [format(value, style) if isfinite(value) else missing for value in values]


def _interval(low: str, high: str) -> str:
    return f" <small>[{low}, {high}]</small>" if low and high else ""


def _badges(marks: str, trust: str, unranked: str, why: str) -> str:
    badges = [badge(mark) for mark in marks.split(", ") if mark]
    if trust in LEVELS[1:]:
        badges.append(badge(trust))
    if unranked or why:
        badges.append(f'{badge("UNRANKED")} <small class="long">{escape(unranked or why)}</small>')
    return ", ".join(badges)
