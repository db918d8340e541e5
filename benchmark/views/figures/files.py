"""Figures as bytes: text stays text in SVG, no date, the same bytes every time."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import RecordError
from benchmark.files import write_bytes, write_text
from benchmark.views.figures.style import drawing_rules

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT = "font-family: 'DejaVu Sans'"
FORMATS = (".svg", ".png")


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
    if path.suffix.lower() not in FORMATS:
        raise RecordError(f"{path}: a figure's file ends in {' or '.join(FORMATS)}")
    if path.suffix.lower() == ".svg":
        write_text(path, svg_text(figure))
        return path
    write_bytes(path, png_bytes(figure))
    return path


def _bytes(figure: "Figure", kind: str, metadata: dict[str, str | None]) -> bytes:
    buffer = BytesIO()
    with drawing_rules():
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()
