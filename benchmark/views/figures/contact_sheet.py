"""A contact sheet: pictures of cases with their masks outlined, a legend and notes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.cards.dataset import DatasetCard, Subset
from benchmark.records.predictions import Labels
from benchmark.views.figures.frame import (
    LineStyle,
    drawing_rules,
    finish,
    legend_handle,
    shortened,
)
from benchmark.views.figures.outlines import (
    Image,
    Outline,
    draw_outlined,
    label_style,
    picture_grid,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

IGNORED: tuple[str, LineStyle] = ("white", "dotted")
COLUMNS = 4
NAME_LENGTH = 32
LEGEND_ENTRIES = 28


@dataclass(frozen=True)
class Tile:
    """One case as it is drawn.

    `image` is (rows, columns) or (rows, columns, 3) in [0, 1]; `labels` (rows, columns) holds
    the data set's mask values; `aspect` is the height of a pixel divided by its width; `title` has
    one entry per line.
    """

    image: Image
    labels: Labels
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
    with drawing_rules():
        legend, notes = _legend(card, tiles)
        synthetic = "; synthetic" if card.synthetic else ""
        shapes = [(*tile.labels.shape, tile.aspect) for tile in tiles]
        figure, grid = picture_grid(shapes, COLUMNS, max(len(tile.title) for tile in tiles))
        for axes, tile in zip(grid, tiles, strict=True):
            title = "\n".join(shortened(line, NAME_LENGTH) for line in tile.title)
            draw_outlined(axes, tile.image, tile.aspect, title, _outlines(card, tile))
        heading = f"{card.id}, {subset}: {len(tiles)} of {total} cases"
        notes.append(f"{card.title}; licence {card.licence}{synthetic}")
        finish(figure, heading, notes, legend)
    return figure


def label_styles(card: DatasetCard) -> dict[int, tuple[str, LineStyle]]:
    """Colour and line of each mask value; the same on every sheet of a data set."""
    values = sorted(set(card.labels.values()))
    styles = {value: label_style(number) for number, value in enumerate(values)}
    return styles | ({} if card.ignore_value is None else {card.ignore_value: IGNORED})


def _outlines(card: DatasetCard, tile: Tile) -> Iterator[Outline]:
    """The first label is drawn widest, so that a shared border shows both colours."""
    styles, values = label_styles(card), _values(tile)
    widths = np.linspace(2.4 if len(values) > 1 else 1.3, 1.3, len(values))
    for value, width in zip(values, widths, strict=True):
        yield Outline(tile.labels == value, *styles[value], width)


def _legend(card: DatasetCard, tiles: Sequence[Tile]) -> "tuple[list[Line2D], list[str]]":
    """Entries for the labels that are on the sheet, and notes about the others."""
    if not card.labels:
        return [], ["no masks"]
    names = {value: name for name, value in card.labels.items()}
    if card.ignore_value is not None:
        names[card.ignore_value] = "ignored"
    present, styles = sorted({v for tile in tiles for v in _values(tile)}), label_styles(card)
    entries = [
        legend_handle(shortened(names[value], NAME_LENGTH), styles[value][0], line=styles[value][1])
        for value in present[:LEGEND_ENTRIES]
    ]
    notes = []
    if more := [names[value] for value in present[LEGEND_ENTRIES:]]:
        notes.append(f"drawn too: {', '.join(more)}")
    if absent := [name for value, name in sorted(names.items()) if value not in present]:
        notes.append(f"not on this sheet: {', '.join(absent)}")
    return entries, notes


def _values(tile: Tile) -> list[int]:
    return [int(value) for value in np.unique(tile.labels) if value]
