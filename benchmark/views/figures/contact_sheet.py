"""A contact sheet: pictures of cases with their masks outlined, a legend and a footer."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from benchmark.cards.dataset import DatasetCard, Subset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

Line = Literal["solid", "dashed", "dotted", "dashdot"]
Styles = dict[int, tuple[str, Line]]

# Okabe and Ito's colours that show on grey, the brightest first; then again with broken lines.
COLOURS = ("#E69F00", "#56B4E9", "#F0E442", "#009E73", "#CC79A7", "#D55E00", "#0072B2")
LINES: tuple[Line, ...] = ("solid", "dashed", "dotted", "dashdot")
IGNORED: tuple[str, Line] = ("white", "dotted")
COLUMNS = 4
# Inches.
TILE = 2.6
TITLE_LINE = 0.13
HEADING = 0.25
LINE = 0.17
MARGIN = 0.06
# Least height of a tile divided by its width.
FLATTEST = 0.2
# Characters, and entries of the legend.
LINE_LENGTH = 170
NAME_LENGTH = 32
LEGEND_ENTRIES = 28
DPI = 130


@dataclass(frozen=True)
class Tile:
    """One case as it is drawn.

    `picture` is (rows, columns) or (rows, columns, 3) in [0, 1]; `labels` (rows, columns) holds
    the data set's mask values; `aspect` is the height of a pixel divided by its width; `title` has
    one entry a line.
    """

    picture: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    aspect: float
    title: tuple[str, ...]


def contact_sheet(card: DatasetCard, subset: Subset, tiles: Sequence[Tile], total: int) -> "Figure":
    """A figure of the tiles, with a legend of the labels in them.

    Args:
        card: Names title, licence and labels.
        subset: The subset that the tiles are of.
        tiles: At least one.
        total: Cases of the subset that are on this machine.
    """
    from matplotlib.figure import Figure

    styles = label_styles(card)
    entries, notes = _legend(card, styles, tiles)
    marks = "; synthetic" if card.synthetic else ""
    notes.append(f"{card.title}; licence {card.licence}{marks}")
    lines = [line for note in notes for line in textwrap.wrap(note, LINE_LENGTH)]
    title = TITLE_LINE * (max(len(tile.title) for tile in tiles) + 1)
    tallest = max(tile.labels.shape[0] * tile.aspect / tile.labels.shape[1] for tile in tiles)
    tile_height = TILE * min(1, max(tallest, FLATTEST)) - 2 * MARGIN
    row_height = tile_height + title
    legend_height = LINE * math.ceil(len(entries) / COLUMNS) + MARGIN
    width = COLUMNS * TILE
    below = legend_height + LINE * len(lines) + 2 * MARGIN
    height = HEADING + math.ceil(len(tiles) / COLUMNS) * row_height + below
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    for number, tile in enumerate(tiles):
        row, column = divmod(number, COLUMNS)
        left, bottom = column * TILE + MARGIN, height - HEADING - (row + 1) * row_height
        size = ((TILE - 2 * MARGIN) / width, tile_height / height)
        _draw(figure.add_axes((left / width, bottom / height, *size)), tile, styles)
    heading = f"{card.id}, {subset}: {len(tiles)} of {total} cases"
    left, top = MARGIN / width, 1 - MARGIN / height
    figure.text(left, top, heading, va="top", fontsize=11, parse_math=False)
    figure.text(
        left, MARGIN / height, "\n".join(lines), fontsize=8, color="0.3", parse_math=False,
    )  # fmt: skip
    if entries:
        legend = figure.legend(
            handles=entries,
            loc="upper left",
            bbox_to_anchor=(left, (below - 2 * MARGIN) / height),
            ncols=COLUMNS,
            fontsize=8,
            frameon=False,
            borderaxespad=0,
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure


def label_styles(card: DatasetCard) -> Styles:
    """Colour and line of each mask value; the same on every sheet of a data set."""
    styles = {
        value: (COLOURS[k % len(COLOURS)], LINES[k // len(COLOURS) % len(LINES)])
        for k, value in enumerate(sorted(set(card.labels.values())))
    }
    return styles | ({} if card.ignore_value is None else {card.ignore_value: IGNORED})


def _draw(axes: "Axes", tile: Tile, styles: Styles) -> None:
    axes.imshow(tile.picture, cmap="gray", vmin=0, vmax=1, aspect=tile.aspect)
    values = list(_values(tile))
    widths = np.linspace(2.4 if len(values) > 1 else 1.3, 1.3, len(values))
    for value, width in zip(values, widths, strict=True):  # a shared border shows both colours
        inside = np.pad((tile.labels == value).astype(np.float32), 1)
        rows, columns = (np.arange(-1, n - 1) for n in inside.shape)
        colour, line = styles[value]
        axes.contour(
            columns, rows, inside, levels=[0.5], colors=[colour], linestyles=line, linewidths=width
        )
    axes.set_xlim(-0.5, tile.labels.shape[1] - 0.5)
    axes.set_ylim(tile.labels.shape[0] - 0.5, -0.5)
    axes.set_anchor("NW")
    axes.set_axis_off()
    axes.set_title(
        "\n".join(map(_shortened, tile.title)), fontsize=7.5, loc="left", pad=2, parse_math=False
    )


def _legend(
    card: DatasetCard, styles: Styles, tiles: Sequence[Tile]
) -> tuple[list["Line2D"], list[str]]:
    """Entries for the labels that are on the sheet, and what is to be said of the others."""
    from matplotlib.lines import Line2D

    if not card.labels:
        return [], ["no masks"]
    names = {value: name for name, value in card.labels.items()}
    if card.ignore_value is not None:
        names[card.ignore_value] = "ignored"
    seen = sorted({value for tile in tiles for value in _values(tile)})
    entries = [
        Line2D([], [], color=styles[value][0], linestyle=styles[value][1], linewidth=2,
               label=_shortened(names[value]))
        for value in seen[:LEGEND_ENTRIES]
    ]  # fmt: skip
    notes = []
    if more := [names[value] for value in seen[LEGEND_ENTRIES:]]:
        notes.append(f"drawn too: {', '.join(more)}")
    if absent := [name for value, name in sorted(names.items()) if value not in seen]:
        notes.append(f"not on this sheet: {', '.join(absent)}")
    return entries, notes


def _values(tile: Tile) -> Iterator[int]:
    return (int(value) for value in np.unique(tile.labels) if value)


def _shortened(name: str) -> str:
    """A long name without its middle."""
    half = NAME_LENGTH // 2 - 1
    return name if len(name) <= NAME_LENGTH else f"{name[:half]}...{name[-half:]}"
