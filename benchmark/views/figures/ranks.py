"""Critical-difference diagram: mean ranks on a line, bars over entries without a difference."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey, LaneSize, Setting
from benchmark.statistics.critical_difference import CriticalDifference, critical_difference
from benchmark.statistics.paired_tests import ALPHA
from benchmark.views.figures.frame import (
    GREY,
    Drawing,
    NotDrawn,
    drawing_rules,
    finish,
    new_figure,
    shortened,
)
from benchmark.views.figures.style import (
    heading,
    looks,
    setting_rows,
    sign_note,
    size_code,
    size_name,
    size_rows,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
ROW, BAR = 0.19, 0.11
SIDE, LINE = 2.35, 3.2
AXIS, RULER = 0.5, 0.12  # below the upper edge


def rank_diagram(board: Leaderboard, size: LaneSize) -> Drawing | NotDrawn:
    """Mean ranks over the board's targets, of one lane and number of training subjects."""
    columns = {}
    for target in board.board.targets:
        scores = board.scores.get(Setting(target, *size))
        if scores is not None and scores.entries:
            means = scores.oriented_means
            columns[target] = dict(zip(scores.entries, means, strict=True))
    table = pd.DataFrame.from_dict(columns, orient="index")
    rows = size_rows(board.rows, size)
    name, subject = size_code(size), f"mean rank over targets, {size_name(board, size)}"
    return _diagram(board, rows, table, name, subject, "targets")


def subject_diagram(board: Leaderboard, setting: Setting) -> Drawing | NotDrawn:
    """Mean ranks over the test subjects of one target."""
    target, size = setting.target, setting.lane_size
    scores = board.scores[setting]
    table = pd.DataFrame(
        scores.oriented_scores.mean(axis=1).T, index=list(scores.subjects),
        columns=pd.Index(list(scores.entries), tupleize_cols=False),
    )  # fmt: skip
    rows = setting_rows(board, setting)
    subject = f"{target}, mean rank over subjects, {size_name(board, size)}"
    return _diagram(board, rows, table, f"{target}_{size_code(size)}", subject, "subjects")


def _diagram(
    board: Leaderboard,
    rows: pd.DataFrame,
    table: pd.DataFrame,
    name: str,
    subject: str,
    blocks: str,
) -> Drawing | NotDrawn:
    """Test and draw a table of oriented scores (blocks x entries)."""
    name, known = f"critical_difference_{name}", looks(board, rows)
    entries: list[EntryKey] = [*table.columns]
    table = table.set_axis([str(number) for number in range(len(entries))], axis=1)
    result = critical_difference(table)
    if result.friedman_p is None:
        complete = f"{len(result.entries)} entries with all of {result.blocks} {blocks}"
        return NotDrawn(name, f"{result.note}, there are {complete}")
    labels = [known[entries[int(number)]].label for number in result.entries]
    lacking = [known[entry].label for number, entry in enumerate(entries)
               if str(number) not in result.entries]  # fmt: skip
    about = "further targets" if blocks == "targets" else "these trained networks, seeds averaged"
    p = "< 0.001" if result.friedman_p < 0.001 else f"= {result.friedman_p:.3f}"
    notes = [
        f"Friedman's test over {result.blocks} {blocks}: p {p}. Bars: entries "
        f"that Nemenyi's test does not tell apart (critical difference, CD, at {ALPHA}); it "
        f"speaks about {about}. Rank 1 is best."
        + (f" Left out, as they lack {blocks}: {', '.join(lacking)}." if lacking else ""),
        sign_note(labels),
    ]
    title = heading(board, subject)
    with drawing_rules():
        figure = _draw(result, labels)
        finish(figure, title, notes)
    return Drawing(name, title, figure)


def _draw(result: CriticalDifference, labels: Sequence[str]) -> "Figure":
    """The diagram, in inches from its upper left corner."""
    width = 2 * SIDE + LINE
    height = AXIS + BAR * len(result.bars) + 0.15 + ROW * ((len(labels) + 1) // 2)
    figure = new_figure(width, height)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    _draw_axis(axes, len(labels))
    _draw_ruler(axes, result.critical_difference, len(labels))
    for level, (first, last) in enumerate(result.bars):
        y = AXIS + 0.1 + BAR * level
        ends = [_x(result.mean_ranks[first], len(labels)) - 0.04,
                _x(result.mean_ranks[last], len(labels)) + 0.04]  # fmt: skip
        axes.plot(ends, [y, y], color="black", linewidth=3, solid_capstyle="butt")
    _draw_entries(axes, result, labels)
    return figure


def _x(rank: float, count: int) -> float:
    """Where a rank of `count` is on the line."""
    return SIDE + (rank - 1) / (count - 1) * LINE


def _draw_axis(axes: "Axes", count: int) -> None:
    axes.plot([_x(1, count), _x(count, count)], [AXIS, AXIS], color="black", linewidth=1)
    step = max(1, -(-count // 12))
    for rank in range(1, count + 1):
        labelled = (rank - 1) % step == 0
        tick = AXIS - (0.07 if labelled else 0.04)
        axes.plot([_x(rank, count)] * 2, [tick, AXIS], color="black", linewidth=0.8)
        if labelled:
            axes.text(_x(rank, count), AXIS - 0.09, str(rank), ha="center", va="bottom")


def _draw_ruler(axes: "Axes", length: float | None, count: int) -> None:
    """The critical difference as a line above the axis, if it is known."""
    if length is None:
        return
    text, x = f"CD = {length:.2f}", _x(1, count)
    if length <= count - 1:
        ends = [x, _x(1 + length, count)]
        axes.plot(ends, [RULER, RULER], color="black", linewidth=1.2)
        for end in ends:
            axes.plot([end, end], [RULER - 0.04, RULER + 0.04], color="black", linewidth=1.2)
        x = ends[1] + 0.06
    else:
        text += ", more than the axis is long"
    axes.text(x, RULER, text, va="center", fontsize=7.5)


def _draw_entries(axes: "Axes", result: CriticalDifference, labels: Sequence[str]) -> None:
    """Names and mean ranks on both sides, each with a line to its place on the axis."""
    count = len(labels)
    top = AXIS + BAR * len(result.bars) + 0.18
    for number, (label, rank) in enumerate(zip(labels, result.mean_ranks, strict=True)):
        left = number < (count + 1) // 2
        y = top + ROW * (number if left else count - 1 - number)
        x, end = _x(rank, count), SIDE - 0.12 if left else SIDE + LINE + 0.12
        axes.plot([x, x, end], [AXIS, y, y], color=GREY, linewidth=0.7)
        words = [shortened(label), f"{rank:.2f}"]
        axes.text(
            end + (-0.05 if left else 0.05), y, "  ".join(words if left else words[::-1]),
            ha="right" if left else "left", va="center", fontsize=7.5,
        )  # fmt: skip
