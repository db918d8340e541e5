"""A contact sheet: pictures of cases with their masks outlined, a legend and notes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.cards.dataset import DatasetCard, Subset
from benchmark.records.predictions import Labels
from benchmark.views.figures import frame, outlines
from benchmark.views.figures.frame import LineStyle

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

    image: outlines.Image
    labels: Labels
    aspect: float
    title: tuple[str, ...]


def contact_sheet(
    card: DatasetCard, subset: Subset, tiles: Sequence[Tile], total: int
) -> "frame.Figure":
    """A figure of the tiles, with a legend of the labels in them.

    Args:
        card: Names title, licence and labels.
        subset: The subset that the tiles are of.
        tiles: At least one.
        total: Cases of the subset that are on this machine.
    """
    with frame.drawing_rules():
        legend, notes = _legend(card, tiles)
        synthetic = "; synthetic" if card.synthetic else ""
        figure = outlines.draw_outlined([_outlined(card, tile) for tile in tiles], COLUMNS)
        heading = f"{card.id}, {subset}: {len(tiles)} of {total} cases"
        notes.append(f"{card.title}; licence {card.licence}{synthetic}")
        frame.finish(figure, heading, notes, legend)
    return figure


def label_styles(card: DatasetCard) -> dict[int, tuple[str, LineStyle]]:
    """Colour and line of each mask value; the same on every sheet of a data set."""
    values = sorted(set(card.labels.values()))
    styles = {value: outlines.label_style(number) for number, value in enumerate(values)}
    return styles | ({} if card.ignore_value is None else {card.ignore_value: IGNORED})


def _outlined(card: DatasetCard, tile: Tile) -> outlines.OutlinedImage:
    """A tile's picture; its first label is drawn widest: a shared border shows both colours."""
    styles, values = label_styles(card), _values(tile)
    widths = np.linspace(2.4 if len(values) > 1 else 1.3, 1.3, len(values))
    borders = [
        outlines.Outline(tile.labels == value, *styles[value], width)
        for value, width in zip(values, widths, strict=True)
    ]
    title = "\n".join(frame.shortened(line, NAME_LENGTH) for line in tile.title)
    return outlines.OutlinedImage(tile.image, tile.aspect, title, borders)


def _legend(card: DatasetCard, tiles: Sequence[Tile]) -> "tuple[list[frame.Line2D], list[str]]":
    """Entries for the labels that are on the sheet, and notes about the others."""
    if not card.labels:
        return [], ["no masks"]
    names = {value: name for name, value in card.labels.items()}
    if card.ignore_value is not None:
        names[card.ignore_value] = "ignored"
    present, styles = sorted({v for tile in tiles for v in _values(tile)}), label_styles(card)
    entries = []
    for value in present[:LEGEND_ENTRIES]:
        colour, line = styles[value]
        name = frame.shortened(names[value], NAME_LENGTH)
        entries.append(frame.legend_handle(name, colour, line=line))
    notes = []
    if more := [names[value] for value in present[LEGEND_ENTRIES:]]:
        notes.append(f"drawn too: {', '.join(more)}")
    if absent := [name for value, name in sorted(names.items()) if value not in present]:
        notes.append(f"not on this sheet: {', '.join(absent)}")
    return entries, notes


def _values(tile: Tile) -> list[int]:
    return [int(value) for value in np.unique(tile.labels) if value]
