"""Images with outlined masks, and figures of several of them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark.records.predictions import Labels
from benchmark.views.figures import frame
from benchmark.views.figures.frame import LABEL_COLOURS, LineStyle, new_figure, panel_grid

Image = npt.NDArray[np.float32]  # (rows, columns) or (rows, columns, 3), from 0 to 1
# Of labels with the same colour.
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


class OutlinedImage(NamedTuple):
    """A picture with masks; `aspect` is the height of a pixel divided by its width."""

    image: Image
    aspect: float
    title: str
    outlines: Iterable[Outline]


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


def draw_outlined(pictures: Sequence[OutlinedImage], columns: int) -> "frame.Figure":
    """A figure with a panel per picture, of the height that the tallest needs.

    Args:
        pictures: At least one.
        columns: Panels next to each other.
    """
    tallest = max(
        picture.image.shape[0] * picture.aspect / picture.image.shape[1] for picture in pictures
    )
    title_lines = max(picture.title.count("\n") + 1 for picture in pictures)
    height = PANEL * float(np.clip(tallest, *SHAPE)) + TITLE_LINE * (title_lines + 1)
    figure = new_figure(PANEL * columns, height * -(-len(pictures) // columns), DPI)
    panels = panel_grid(figure, len(pictures), columns)
    for axes, picture in zip(panels, pictures, strict=True):
        _draw_panel(axes, picture)
    return figure


def _draw_panel(axes: "frame.Axes", picture: OutlinedImage) -> None:
    """Draw a grey or colour image and the borders of masks on it."""
    image = picture.image
    axes.imshow(image, cmap="gray", vmin=0, vmax=1, aspect=picture.aspect)
    for mask, colour, line, width in picture.outlines:
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
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_visible(False)  # its ticks, never seen, took a quarter of the time
    axes.set_title(picture.title, fontsize=7.5, pad=2)
