"""The gain of every source on every target as a map of squares."""

from collections.abc import Iterator

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import LaneSize
from benchmark.views.figures.frame import wrapped
from benchmark.views.figures.gain_grid import GainGrid, Square, gain_grid
from benchmark.views.page.charts import svg
from benchmark.views.page.charts.svg import Chart
from benchmark.views.text import MISSING, TextTable

NAMES, SQUARE, LINE, HEAD = 158, (92, 38), 13, 44  # pixels
MOST = 30  # entries


def gain_chart(board: Leaderboard, size: LaneSize) -> Chart | None:
    """The map of one lane and number of training subjects; None where no gain is known."""
    grid = gain_grid(board, size, MOST)
    if isinstance(grid, str):
        return None
    cells = [[_words(square) for square in line] for line in grid.squares]
    rows = [[label, *line] for label, line in zip(grid.labels, cells, strict=True)]
    table = TextTable(f"{grid.title}, table", ["source", *grid.targets], rows)
    width, height = NAMES + SQUARE[0] * len(grid.targets), HEAD + SQUARE[1] * len(grid.labels)
    drawing = svg.svg(
        width, height, f"{grid.title}: map, the table below has its numbers", _draw(grid)
    )
    notes = [
        f"Orange: better than the baseline, purple: worse ({grid.unit}).",
        *grid.notes,
        f"The first {MOST}; {grid.left_out} more are in the tables." if grid.left_out else "",
    ]
    return Chart(grid.title, [*filter(None, notes)], [drawing], table)


def _words(square: Square) -> str:
    if square.value != square.value:
        return square.text or MISSING
    return f"{square.text} {square.interval}".strip() + " (contaminated)" * square.contaminated


def _draw(grid: GainGrid) -> Iterator[str]:
    wide, high = SQUARE
    for column, target in enumerate(grid.targets):
        lines = _lines(target, 13)
        for number, words in enumerate(lines):
            y = HEAD - 6 - LINE * (len(lines) - 1 - number)
            yield svg.text(NAMES + wide * (column + 0.5), y, words, "mid")
    for row, (label, line) in enumerate(zip(grid.labels, grid.squares, strict=True)):
        y = HEAD + high * row
        names = _lines(label, 22)
        for number, words in enumerate(names):
            yield svg.text(NAMES - 8, y + 23 - 6.5 * (len(names) - 1) + LINE * number, words, "end")
        for column, square in enumerate(line):
            yield from _square(NAMES + wide * column, y, square, grid.limit)


def _lines(name: str, width: int) -> list[str]:
    """A name in at most three lines, which is what fits a square; a longer one keeps its end."""
    lines = wrapped(name, width).split("\n")
    return lines if len(lines) <= 3 else [*lines[:2], f"…{lines[-1]}"]


def _square(x: float, y: float, square: Square, limit: float) -> Iterator[str]:
    wide, high = SQUARE
    known = square.value == square.value
    kind = ("plus" if square.value > 0 else "minus") if known else "none"
    strength = f' fill-opacity="{abs(square.value) / limit * 0.7:.2f}"' if known else ""
    edge = " seen" if square.contaminated else ""
    yield (f'<rect class="{kind}{edge}" x="{x + 1}" y="{y + 1}" width="{wide - 2}" '
           f'height="{high - 2}"{strength}/>')  # fmt: skip
    middle = x + wide / 2
    style = ["mid", *(["strong"] if square.significant else []), *([] if known else ["words"])]
    yield svg.text(middle, y + (17 if square.interval else 23), square.text, *style)
    if square.interval:
        yield svg.text(middle, y + 31, square.interval, "mid", "tiny")
