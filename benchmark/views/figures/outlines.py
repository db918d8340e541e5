"""Images with outlined masks, and figures of several of them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.records.predictions import Labels
from benchmark.views.figures.frame import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    LineStyle,
    new_figure,
    panel_grid,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Image = npt.NDArray[np.float32]  # (rows, columns) or (rows, columns, 3), from 0 to 1
# Colours that show on grey, the brightest first; then again with broken lines.
LABEL_COLOURS = (ORANGE, SKY, YELLOW, GREEN, PURPLE, VERMILION, BLUE)
LINES: tuple[LineStyle, ...] = ("solid", "dashed", "dotted", "dashdot")
PANEL = 2.6  # inches
SHAPE = (0.2, 1.2)  # least and largest height of a panel divided by its width
TITLE_LINE = 0.13
DPI = 130


class Outline(NamedTuple):
    """One mask (rows, columns) and its line."""

    mask: npt.NDArray[np.bool_]
    colour: str
    line: LineStyle = "solid"
    width: float = 1.3


def label_style(number: int) -> tuple[str, LineStyle]:
    """Colour and line of the label with this number, from 0 on."""
    lines, colour = divmod(number, len(LABEL_COLOURS))
    return LABEL_COLOURS[colour], LINES[lines % len(LINES)]


def fullest_slice(*masks: Labels) -> int:
    """The slice with the most labelled pixels in the first mask that has any, else the middle one.

    Args:
        masks: Each (slices, rows, columns).
    """
    for mask in masks:
        covered = np.count_nonzero(mask, axis=(1, 2))
        if covered.any():
            return int(covered.argmax())
    return len(masks[0]) // 2


def picture_grid(
    shapes: Sequence[tuple[int, int, float]], columns: int, title_lines: int
) -> "tuple[Figure, list[Axes]]":
    """A figure with a panel per picture, of the height that the tallest needs.

    Args:
        shapes: Rows, columns and aspect (height of a pixel divided by its width) of each picture.
        columns: Panels next to each other.
        title_lines: Most lines of a title.
    """
    tallest = max(rows * aspect / width for rows, width, aspect in shapes)
    height = PANEL * float(np.clip(tallest, *SHAPE)) + TITLE_LINE * (title_lines + 1)
    figure = new_figure(PANEL * columns, height * -(-len(shapes) // columns), DPI)
    return figure, panel_grid(figure, len(shapes), columns)


def draw_outlined(
    axes: "Axes", image: Image, aspect: float, title: str, outlines: Iterable[Outline]
) -> None:
    """Draw a grey or colour image and the borders of masks on it."""
    axes.imshow(image, cmap="gray", vmin=0, vmax=1, aspect=aspect)
    for mask, colour, line, width in outlines:
        padded = np.pad(mask.astype(np.float32), 1)
        if padded.any():
            rows, columns = (np.arange(-1, size - 1) for size in padded.shape)
            axes.contour(
                columns, rows, padded, levels=[0.5], colors=[colour], linestyles=line,
                linewidths=width,
            )  # fmt: skip
    axes.set_xlim(-0.5, image.shape[1] - 0.5)
    axes.set_ylim(image.shape[0] - 0.5, -0.5)
    axes.set_anchor("NW")
    axes.set_axis_off()
    axes.set_title(title, fontsize=7.5, pad=2)
