"""All figures of a board: which there are, and which cannot be drawn and why."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.match import MatchView
from benchmark.views.figures.costs import cost_fronts
from benchmark.views.figures.curves import size_curves
from benchmark.views.figures.files import FORMATS, write_figure
from benchmark.views.figures.heat_maps import gain_map
from benchmark.views.figures.interaction import match_plot
from benchmark.views.figures.ranks import rank_diagram, subject_diagram
from benchmark.views.figures.spreads import subject_spread
from benchmark.views.figures.style import Drawing, LeftOut


def board_figures(
    board: Leaderboard, views: Sequence[MatchView] = ()
) -> Iterator[Drawing | LeftOut]:
    """Every figure of a board, one after the other so that memory stays small.

    Args:
        board: Its rows and scores.
        views: Domain versus task.
    """
    if not len(board.rows):
        yield LeftOut("figures", "no records yet")
        return
    sizes = sorted(int(size) for size in board.rows["train_subjects"].unique())
    for size in sizes:
        yield gain_map(board, size)
    yield size_curves(board)
    for size in sizes:
        yield rank_diagram(board, size)
    for place in board.scores:
        yield subject_diagram(board, place)
        yield subject_spread(board, place)
        yield cost_fronts(board, place)
    for number, view in enumerate(views, start=1):
        yield match_plot(board, view, number)


def write_figures(
    folder: Path, figures: Iterable[Drawing | LeftOut]
) -> tuple[list[Path], list[LeftOut]]:
    """Write each figure as SVG and PNG; returns the files, and what was left out.

    Raises:
        RecordError: A file cannot be written.
    """
    written, left_out = [], []
    for one in figures:
        if isinstance(one, LeftOut):
            left_out.append(one)
            continue
        for ending in FORMATS:
            written.append(write_figure(one.figure, folder / f"{one.name}{ending}"))
    return written, left_out
