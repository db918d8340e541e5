"""Critical-difference diagram: mean ranks on a line, bars over those that are not told apart."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.statistics.critical_difference import ALPHA, CriticalDifference, critical_difference
from benchmark.views.figures.layout import finish, new_figure, shortened
from benchmark.views.figures.style import (
    Drawing,
    Entry,
    LeftOut,
    Look,
    Setting,
    drawing_rules,
    heading,
    looks,
    sign_note,
    size_name,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 0.19  # inches
SIDE = 2.35
LINE = 3.2


def rank_diagram(board: Leaderboard, size: int) -> Drawing | LeftOut:
    """Mean ranks over the board's targets, for one number of training subjects."""
    name = f"critical_difference_{f'n{size}' if size else 'nall'}"
    columns = {}
    for target in board.board.targets:
        scores = board.scores.get((target, size))
        if scores is not None and scores.entries:
            means = scores.goodness.mean(axis=(1, 2))
            columns[target] = dict(zip(scores.entries, means, strict=True))
    table = pd.DataFrame.from_dict(columns, orient="index")
    rows = board.rows[board.rows["train_subjects"] == size]
    what = f"mean rank over targets, {size_name(size)}"
    return _diagram(board, name, table, looks(board, rows), what, "targets")


def subject_diagram(board: Leaderboard, place: Setting) -> Drawing | LeftOut:
    """Mean ranks over the test subjects of one target."""
    target, size = place
    name = f"critical_difference_{target}_{f'n{size}' if size else 'nall'}"
    scores = board.scores[place]
    table = pd.DataFrame(
        scores.goodness.mean(axis=1).T, index=list(scores.subjects),
        columns=pd.Index(list(scores.entries), tupleize_cols=False),
    )  # fmt: skip
    rows = board.rows[(board.rows["target"] == target) & (board.rows["train_subjects"] == size)]
    what = f"{target}, mean rank over subjects, {size_name(size)}"
    return _diagram(board, name, table, looks(board, rows), what, "subjects")


def _diagram(
    board: Leaderboard,
    name: str,
    table: pd.DataFrame,
    known: Mapping[Entry, Look],
    what: str,
    blocks: str,
) -> Drawing | LeftOut:
    entries: list[Entry] = [*table.columns]
    table = table.set_axis([str(number) for number in range(len(entries))], axis=1)
    found = critical_difference(table)
    if found.friedman_p is None:
        several = f"{len(found.entries)} entries with all of {found.blocks} {blocks}"
        return LeftOut(name, f"{found.note}, there are {several}")
    labels = [known[entries[int(number)]].label for number in found.entries]
    lacking = [known[entry].label for number, entry in enumerate(entries)
               if str(number) not in found.entries]  # fmt: skip
    about = "further targets" if blocks == "targets" else "these trained networks, seeds averaged"
    notes = [
        f"Friedman's test over {found.blocks} {blocks}: p {_p(found.friedman_p)}. Bars: entries "
        f"that Nemenyi's test does not tell apart (critical difference, CD, at {ALPHA}); it "
        f"speaks about {about}. Rank 1 is best."
        + (f" Left out, as they lack {blocks}: {', '.join(lacking)}." if lacking else ""),
        sign_note(labels),
    ]
    title = heading(board, what)
    with drawing_rules():
        figure = _draw(found, labels)
        finish(figure, title, notes)
    return Drawing(name, title, figure)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _draw(found: CriticalDifference, labels: list[str]) -> "Figure":
    """The diagram, in inches from its upper left corner."""
    k = len(labels)
    half = (k + 1) // 2
    axis, bars = 0.5, 0.11 * len(found.bars)
    height = axis + bars + 0.15 + ROW * half
    width = 2 * SIDE + LINE
    figure = new_figure(width, height)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)

    def place(rank: float) -> float:
        return SIDE + (rank - 1) / (k - 1) * LINE

    axes.plot([place(1), place(k)], [axis, axis], color="black", linewidth=1)
    step = max(1, -(-k // 12))
    for rank in range(1, k + 1):
        length = 0.07 if (rank - 1) % step == 0 else 0.04
        axes.plot([place(rank)] * 2, [axis - length, axis], color="black", linewidth=0.8)
        if (rank - 1) % step == 0:
            axes.text(place(rank), axis - 0.09, str(rank), ha="center", va="bottom")
    ruler = found.critical_difference
    if ruler is not None and ruler <= k - 1:
        axes.plot([place(1), place(1 + ruler)], [0.12, 0.12], color="black", linewidth=1.2)
        for end in (place(1), place(1 + ruler)):
            axes.plot([end, end], [0.08, 0.16], color="black", linewidth=1.2)
        axes.text(place(1 + ruler) + 0.06, 0.12, f"CD = {ruler:.2f}", va="center", fontsize=7.5)
    elif ruler is not None:
        text = f"CD = {ruler:.2f}, more than the axis is long"
        axes.text(place(1), 0.12, text, va="center", fontsize=7.5)
    for level, (first, last) in enumerate(found.bars):
        y = axis + 0.1 + 0.11 * level
        ends = [place(found.mean_ranks[first]) - 0.04, place(found.mean_ranks[last]) + 0.04]
        axes.plot(ends, [y, y], color="black", linewidth=3, solid_capstyle="butt")
    for number, (label, rank) in enumerate(zip(labels, found.mean_ranks, strict=True)):
        left = number < half
        y = axis + bars + 0.18 + ROW * (number if left else k - 1 - number)
        x, end = place(rank), SIDE - 0.12 if left else SIDE + LINE + 0.12
        axes.plot([x, x, end], [axis, y, y], color="#555555", linewidth=0.7)
        axes.text(
            end + (-0.05 if left else 0.05), y, f"{shortened(label)}  {rank:.2f}"
            if left else f"{rank:.2f}  {shortened(label)}",
            ha="right" if left else "left", va="center", fontsize=7.5,
        )  # fmt: skip
    return figure
