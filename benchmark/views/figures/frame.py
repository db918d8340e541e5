"""The frame of every figure: one palette, one style, heading, panels, legend, notes, files.

Text stays text in SVG, no file holds a date, and the same numbers give the same bytes.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from benchmark.errors import RecordError
from benchmark.files import write_bytes

if TYPE_CHECKING:  # imported where a figure is drawn: tables and pages do without matplotlib
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure
    from matplotlib.lines import Line2D as Line2D

LineStyle: TypeAlias = (
    "Literal['solid', 'dashed', 'dotted', 'dashdot', 'none'] | tuple[float, tuple[float, ...]]"
)
FORMATS = (".svg", ".png")
FONT = "font-family: 'DejaVu Sans'"
# Of seaborn's palette for the colour-blind; written out, because to import seaborn takes seconds.
BLUE, ORANGE, GREEN, VERMILION = "#0173b2", "#de8f05", "#029e73", "#d55e00"
PURPLE, YELLOW, SKY = "#cc78bc", "#ece133", "#56b4e9"
BLACK, GREY = "#000000", "#555555"
ENTRY_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE)  # neighbours differ in lightness too
LABEL_COLOURS = (ORANGE, SKY, YELLOW, GREEN, PURPLE, VERMILION, BLUE)  # on grey, brightest first
# Inches and points.
PANEL = 3.4
NOTE_SIZE, HEADING_SIZE = 6.5, 9
NOTE_LINE, LEGEND_LINE, HEADING_LINE = 0.125, 0.16, 0.17
NAME_LENGTH = 24
RC: Mapping[str, object] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#333333",
    "axes.grid": True,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.5,
    "errorbar.capsize": 2,
    "figure.dpi": 200,
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "patch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "segtransfer",
    "text.parse_math": False,
    "xtick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 7.5,
    "ytick.major.width": 0.6,
}


@dataclass(frozen=True)
class Drawing:
    """A figure with the name of its file (without ending) and its heading."""

    name: str
    title: str
    figure: "Figure"


@dataclass(frozen=True)
class NotDrawn:
    """A figure that cannot be drawn, and why."""

    name: str
    why: str


@contextmanager
def drawing_rules() -> Iterator[None]:
    """The settings of all figures while one is drawn or written."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)  # type: ignore[arg-type]
        yield


def wrapped(name: str, width: int = NAME_LENGTH) -> str:
    """A name in lines of at most `width`, broken after a sign or space if it has one."""
    lines = [""]
    for part in re.findall(r"[^_@\-/. ]*[_@\-/. ]?", name):
        for piece in [part[k : k + width] for k in range(0, len(part), width)]:
            if len(lines[-1]) + len(piece.rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return "\n".join(line.strip() for line in lines if line.strip())


def shortened(name: str, width: int = 36) -> str:
    """A long name without its middle."""
    half = width // 2 - 1
    return name if len(name) <= width else f"{name[:half]}…{name[-half:]}"


def new_figure(width: float, height: float, dpi: float | None = None) -> "Figure":
    """An empty white figure, in inches; `dpi` of None is that of the settings."""
    from matplotlib.figure import Figure as Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white", dpi=dpi)


def panels(count: int, most_columns: int = 3, height: float = 2.4
           ) -> "tuple[Figure, list[Axes]]":  # fmt: skip
    """A figure with a grid of so many panels."""
    columns = 2 if count == 4 else min(count, most_columns)
    rows = -(-count // columns)
    figure = new_figure(max(4.2, PANEL * columns), height * rows)
    return figure, panel_grid(figure, count, columns)


def panel_grid(figure: "Figure", count: int, columns: int) -> "list[Axes]":
    """Axes of so many panels in so many columns; the last row may be shorter."""
    axes = figure.subplots(-(-count // columns), columns, squeeze=False).ravel().tolist()
    for unused in axes[count:]:
        unused.remove()
    return axes[:count]


def finish(figure: "Figure", title: str, notes: Sequence[str], legend: Sequence["Line2D"] = ()
           ) -> None:  # fmt: skip
    """Add the heading, a legend below, and notes at the foot; the panels keep their size."""
    width, height = figure.get_size_inches()
    per_line = int(width * 72 / (NOTE_SIZE * 0.56))
    lines = [line for note in notes if note for line in textwrap.wrap(note, per_line)]
    heading = textwrap.wrap(title, int(width * 72 / (HEADING_SIZE * 0.62)))
    columns = 1
    if legend:
        longest = max(len(str(handle.get_label())) for handle in legend)
        columns = max(1, min(len(legend), int((width - 0.3) / (0.45 + longest * 0.06))))
    foot = NOTE_LINE * len(lines) + 0.08
    below = foot + LEGEND_LINE * -(-len(legend) // columns) + 0.04
    above = HEADING_LINE * len(heading) + 0.08
    total = height + below + above
    figure.set_size_inches(width, total)
    left = 0.06 / width
    figure.text(left, 1 - 0.05 / total, "\n".join(heading), va="top", fontsize=HEADING_SIZE,
                weight="bold")  # fmt: skip
    figure.text(left, 0.05 / total, "\n".join(lines), va="bottom", fontsize=NOTE_SIZE,
                color=GREY, linespacing=1.25)  # fmt: skip
    if legend:
        figure.legend(
            handles=list(legend), loc="lower left", bbox_to_anchor=(0.0, foot / total),
            ncols=columns, columnspacing=1.2, handlelength=2.4, borderaxespad=0.2,
        )  # fmt: skip
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0.0, below / total, 1.0, height / total))  # type: ignore[call-arg]


def legend_handle(label: str, colour: str, marker: str = "", line: LineStyle = "none",
                  filled: bool = True) -> "Line2D":  # fmt: skip
    """One entry of a legend."""
    from matplotlib.lines import Line2D as Line2D

    return Line2D([], [], color=colour, marker=marker, linestyle=line, label=label,
                  markerfacecolor=colour if filled else "white")  # fmt: skip


def svg_text(figure: "Figure") -> str:
    """A figure as SVG."""
    text = _bytes(figure, "svg", {"Date": None, "Creator": None}).decode("utf-8")
    return text.replace(FONT, f"{FONT}, Verdana, sans-serif")


def png_bytes(figure: "Figure") -> bytes:
    """A figure as PNG."""
    return _bytes(figure, "png", {"Software": None})


def write_figure(figure: "Figure", path: Path) -> Path:
    """Write a figure in the format that the file's ending names.

    Raises:
        RecordError: Another ending than .svg or .png, or the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise RecordError(f"{path}: a figure's file ends in {' or '.join(FORMATS)}")
    write_bytes(path, svg_text(figure).encode() if ending == ".svg" else png_bytes(figure))
    return path


def _bytes(figure: "Figure", kind: str, metadata: dict[str, str | None]) -> bytes:
    buffer = BytesIO()
    with drawing_rules():
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()
