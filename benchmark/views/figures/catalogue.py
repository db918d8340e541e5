"""All figures of a board: those drawn, and those that cannot be drawn with the reason."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.match import MatchView
from benchmark.views.figures.costs import cost_fronts
from benchmark.views.figures.curves import size_curves
from benchmark.views.figures.frame import FORMATS, Drawing, NotDrawn, write_figure
from benchmark.views.figures.heat_maps import gain_map
from benchmark.views.figures.interaction import match_plot
from benchmark.views.figures.ranks import rank_diagram, subject_diagram
from benchmark.views.figures.spreads import subject_spread


def board_figures(
    board: Leaderboard, views: Sequence[MatchView] = ()
) -> Iterator[Drawing | NotDrawn]:
    """Every figure of a board, one after the other so that memory stays small.

    Args:
        board: Its rows and scores.
        views: Domain versus task.
    """
    if not len(board.rows):
        yield NotDrawn("figures", "no records yet")
        return
    for size in board.sizes:
        yield gain_map(board, size)
    for lane in dict.fromkeys(size.lane for size in board.sizes):
        yield size_curves(board, lane)
    for size in board.sizes:
        yield rank_diagram(board, size)
    for setting in board.scores:
        yield subject_diagram(board, setting)
        yield subject_spread(board, setting)
        yield cost_fronts(board, setting)
    for number, view in enumerate(views, start=1):
        yield match_plot(board, view, number)


def write_figures(
    folder: Path, figures: Iterable[Drawing | NotDrawn]
) -> tuple[list[Path], list[NotDrawn]]:
    """Write each figure as SVG and PNG; returns the files, and those not drawn.

    Raises:
        RecordError: A file cannot be written.
    """
    written, not_drawn = [], []
    for figure in figures:
        if isinstance(figure, NotDrawn):
            not_drawn.append(figure)
            continue
        for ending in FORMATS:
            written.append(write_figure(figure.figure, folder / f"{figure.name}{ending}"))
    return written, not_drawn
