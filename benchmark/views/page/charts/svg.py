"""Charts as inline SVG.

Colours are classes of the style sheet, so that charts follow light and dark; sizes are pixels, and
a panel is no wider than a phone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import pandas as pd
from markupsafe import Markup, escape

from benchmark.views.figures.style import MARKERS, Look
from benchmark.views.text import TextTable

WIDTH, HEIGHT = 340, 230  # of a panel with axes
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 40, 40  # its margins
COLOURS = 6
# Each marker around the point to which a path has moved.
SHAPES = {
    "o": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "s": "m-3.5-3.5h7v7h-7z",
    "^": "m0-4.5 4.5 8h-9z",
    "D": "m0-5 5 5-5 5-5-5z",
    "v": "m0 4.5 4.5-8h-9z",
    "P": "m-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
    "X": "m0-1.8 2.7-2.7 1.8 1.8-2.7 2.7 2.7 2.7-1.8 1.8-2.7-2.7-2.7 2.7-1.8-1.8 2.7-2.7-2.7-2.7"
    " 1.8-1.8z",
    "<": "m-4.5 0 8-4.5v9z",
    ">": "m4.5 0-8-4.5v9z",
    "p": "m0-4.7 4.5 3.3-1.7 5.2h-5.6l-1.7-5.2z",
    "*": "m0-5 1.2 3.4h3.6l-2.9 2.2 1.1 3.5-3-2.1-3 2.1 1.1-3.5-2.9-2.2h3.6z",
}


@dataclass(frozen=True)
class Chart:
    """A figure of a page.

    Attributes:
        title: Heading.
        notes: Lines below it.
        panels: Drawings, side by side where there is room.
        table: The numbers that are drawn.
        legend: Markers with the names of their entries.
    """

    title: str
    notes: Sequence[str]
    panels: Sequence[Markup]
    table: TextTable
    legend: Sequence[tuple[Markup, str]] = ()


@dataclass(frozen=True)
class Axis:
    """Positions of numbers: `low` lies at pixel `start`, `high` at pixel `end`; low < high."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def around(
        cls, numbers: Iterable[float], start: float, end: float, log: bool = False
    ) -> "Axis":
        """An axis that shows these numbers with a margin on both sides; at least one is finite."""
        known = [number for number in numbers if number == number]
        low, high = min(known), max(known)
        if log:
            return cls(low / 1.15, high * 1.15, start, end, log)
        margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
        return cls(low - margin, high + margin, start, end)

    def at(self, number: float) -> float:
        """The pixel of a number."""
        low, high, value = (self.low, self.high, number)
        if self.log:
            low, high, value = log10(low), log10(high), log10(number)
        return self.start + (self.end - self.start) * (value - low) / (high - low)

    @property
    def ticks(self) -> list[float]:
        """Round numbers on the axis, about five."""
        if self.log:
            powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
            numbers = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
            return [number for number in numbers if self.low <= number <= self.high]
        span = self.high - self.low
        unit = 10.0 ** floor(log10(span / 5))
        step = next(factor * unit for factor in (1, 2, 5, 10) if span / (factor * unit) <= 5)
        first, last = ceil(self.low / step), floor(self.high / step)
        return [round(number * step, 12) for number in range(first, last + 1)]


def svg(width: float, height: float, label: str, parts: Iterable[str]) -> Markup:
    """A drawing with a name for those who do not see it."""
    head = f'<svg width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return Markup(f'{head} role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>')


def text(x: float, y: float, words: str, *classes: str) -> str:
    """One line of text from x on; class `mid` centres it, `end` ends it there."""
    kind = f' class="{" ".join(classes)}"' if classes else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{kind}>{escape(words)}</text>'


def path(data: str, *classes: str) -> str:
    """A path; its look is that of its classes."""
    return f'<path class="{" ".join(classes)}" d="{data}"/>'


def colour(look: Look) -> str:
    """The class with the colour of an entry."""
    return f"c{look.number % COLOURS}" if look.number >= 0 else "base"


def dashes(look: Look) -> str:
    """The class with the dashes of an entry's line."""
    return f"l{look.line_number % 4}"


def marker(look: Look, x: float, y: float, filled: bool = True) -> str:
    """The point of an entry."""
    shape = SHAPES[MARKERS[(look.number + 1) % len(MARKERS)]]
    return path(f"M{x:.1f} {y:.1f}{shape}", "k" if filled else "k hollow", colour(look))


def legend_entry(look: Look, prefix: str = "", line: bool = False) -> tuple[Markup, str]:
    """The marker of an entry and its name."""
    width = 26 if line else 12
    stroke = path(f"M0 7H{width}", "line", colour(look), dashes(look)) if line else ""
    point = marker(look, width / 2, 7)
    drawing = f'<svg width="{width}" height="14" aria-hidden="true">{stroke}{point}</svg>'
    return Markup(drawing), prefix + look.label


def frame(x: Axis, y: Axis, title: str, x_title: str, y_title: str,
          x_ticks: Sequence[tuple[float, str]] = ()) -> list[str]:  # fmt: skip
    """Grid, numbers and titles of a panel; `x_ticks` are positions with texts of their own."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    marks = x_ticks or [(number, f"{number:g}") for number in x.ticks]
    lines = "".join(f"M{LEFT} {y.at(number):.1f}H{right}" for number in y.ticks)
    return [
        text(0, 12, title, "strong"), text(0, 30, y_title), path(lines, "grid"),
        path(f"M{LEFT} {bottom}H{right}", "axis"),
        *(text(LEFT - 6, y.at(number) + 4, f"{number:g}", "end") for number in y.ticks),
        *(text(x.at(number), bottom + 15, words, "mid") for number, words in marks),
        text((LEFT + right) / 2, HEIGHT - 6, x_title, "mid"),
    ]  # fmt: skip


def whisker(x: float, low: float, high: float, *classes: str) -> str:
    """An upright interval between two pixels; empty without one."""
    return path(f"M{x:.1f} {low:.1f}V{high:.1f}", "bar", *classes) if low == low else ""


def score_axis(rows: pd.DataFrame) -> Axis:
    """The upright axis of a panel with the scores of these rows and their intervals."""
    numbers = pd.concat([rows[name].astype(float) for name in ("score", "low", "high")])
    return Axis.around(numbers.tolist(), HEIGHT - BOTTOM, TOP)
