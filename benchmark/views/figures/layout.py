"""The frame of every figure: heading, panels, legend, notes, and names that fit."""

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.views.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Inches and points.
PANEL = 3.4
NOTE_SIZE = 6.5
NOTE_LINE = 0.125
NAME_LENGTH = 24
GREY = "#555555"


def wrapped(name: str, width: int = NAME_LENGTH) -> str:
    """A name in lines of at most `width`, broken after a sign or space where there is one."""
    lines = [""]
    for part in re.findall(r"[^_\-/. ]*[_\-/. ]?", name):
        for piece in [part[k : k + width] for k in range(0, len(part), width)]:
            if len(lines[-1]) + len(piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return "\n".join(line.strip() for line in lines if line.strip())


def shortened(name: str, width: int = 36) -> str:
    """A long name without its middle."""
    half = width // 2 - 1
    return name if len(name) <= width else f"{name[:half]}…{name[-half:]}"


def new_figure(width: float, height: float) -> "Figure":
    """An empty white figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def finish(figure: "Figure", title: str, notes: Sequence[str], legend: Sequence["Line2D"] = ()
           ) -> None:  # fmt: skip
    """Add the heading, a legend below, and notes at the foot; the panels get what is left."""
    width, height = figure.get_size_inches()
    per_line = int(width * 72 / (NOTE_SIZE * 0.56))
    lines = [line for note in notes if note for line in textwrap.wrap(note, per_line)]
    heading = textwrap.wrap(title, int(width * 72 / (9 * 0.62)))
    rows, columns = 0, 1
    if legend:
        longest = max(len(str(handle.get_label())) for handle in legend)
        columns = max(1, min(len(legend), int((width - 0.3) / (0.45 + longest * 0.06))))
        rows = -(-len(legend) // columns)
    foot, middle, head = (
        NOTE_LINE * len(lines) + 0.08,
        0.16 * rows + 0.04,
        0.17 * len(heading) + 0.08,
    )
    whole = height + foot + middle + head
    figure.set_size_inches(width, whole)
    figure.text(
        0.06 / width, 1 - 0.05 / whole, "\n".join(heading), va="top", fontsize=9, weight="bold"
    )
    figure.text(
        0.06 / width, 0.05 / whole, "\n".join(lines), va="bottom", fontsize=NOTE_SIZE, color=GREY,
        linespacing=1.25,
    )  # fmt: skip
    if legend:
        figure.legend(
            handles=list(legend), loc="lower left", bbox_to_anchor=(0.0, foot / whole),
            ncols=columns, columnspacing=1.2, handlelength=2.4, borderaxespad=0.2,
        )  # fmt: skip
    bottom, top = (foot + middle) / whole, 1 - head / whole
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0.0, bottom, 1.0, top - bottom))  # type: ignore[call-arg]


def panels(count: int, most_columns: int = 3, height: float = 2.4
           ) -> "tuple[Figure, list[Axes]]":  # fmt: skip
    """A figure with a grid of so many panels."""
    columns = 2 if count == 4 else min(count, most_columns)
    rows = -(-count // columns)
    figure = new_figure(max(4.2, PANEL * columns), height * rows)
    axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for one in axes[count:]:
        one.remove()
    return figure, axes[:count]


def key(look: Look, *, line: bool = True) -> "Line2D":
    """An entry's mark in the legend, with its line where lines are drawn."""
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], color=look.colour, marker=look.marker, label=shortened(look.label, 44),
        linestyle=look.line if line else "none",
    )  # fmt: skip
