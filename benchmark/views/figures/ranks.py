"""Diagram of mean ranks on a line; the candidates for the best are bold, as in the tables."""

from collections.abc import Sequence

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey, LaneSize, Setting
from benchmark.leaderboard.rows import entries_of, rows_of_size
from benchmark.statistics.candidates import LETTER
from benchmark.statistics.mean_ranks import MeanRanks, rank_over_blocks
from benchmark.views.figures import frame, style
from benchmark.views.figures.frame import Drawing, NotDrawn

# Inches.
ROW = 0.19
SIDE, LINE = 2.35, 3.2
AXIS = 0.3  # below the upper edge


def rank_diagram(board: Leaderboard, size: LaneSize) -> Drawing | NotDrawn:
    """Mean ranks over the board's targets, of one lane and number of training subjects."""
    columns = {}
    for target in board.board.targets:
        scores = board.scores.get(Setting(target, *size))
        if scores is not None and scores.entries and target not in board.unlearned:
            means = scores.oriented_means
            columns[target] = dict(zip(scores.entries, means, strict=True))
    table = pd.DataFrame.from_dict(columns, orient="index")
    rows = rows_of_size(board.rows, size)
    overall = rows_of_size(board.overall, size) if len(board.overall) else board.overall
    title = style.heading(board, f"mean rank over targets, {style.size_name(board, size)}")
    return _diagram(board, rows, overall, table, style.size_code(size), title, "targets")


def subject_diagram(board: Leaderboard, setting: Setting) -> Drawing | NotDrawn:
    """Mean ranks over the test subjects of one target."""
    scores = board.scores[setting]
    table = pd.DataFrame(
        scores.oriented_scores.mean(axis=1).T, index=list(scores.subjects),
        columns=pd.Index(list(scores.entries), tupleize_cols=False),
    )  # fmt: skip
    rows = board.rows_of(setting)
    title = style.setting_heading(board, setting, "mean rank over subjects")
    name = f"{setting.target}_{style.size_code(setting.lane_size)}"
    return _diagram(board, rows, rows, table, name, title, "subjects")


def _diagram(
    board: Leaderboard,
    rows: pd.DataFrame,
    grouped: pd.DataFrame,
    table: pd.DataFrame,
    name: str,
    title: str,
    blocks: str,
) -> Drawing | NotDrawn:
    """Draw a table of oriented scores (blocks x entries); `grouped` has the candidates."""
    name, known = f"mean_ranks_{name}", style.looks(board, rows)
    entries: list[EntryKey] = [*table.columns]
    table = table.set_axis([str(number) for number in range(len(entries))], axis=1)
    result = rank_over_blocks(table)
    if result.friedman_p is None:
        complete = f"{len(result.entries)} entries with all of {result.blocks} {blocks}"
        return NotDrawn(name, f"{result.note}, there are {complete}")
    shown = [entries[int(number)] for number in result.entries]
    labels = [known[entry].label for entry in shown]
    lacking = [known[entry].label for number, entry in enumerate(entries)
               if str(number) not in result.entries]  # fmt: skip
    best = grouped[grouped["group"].notna()] if len(grouped) else grouped
    candidates = {*entries_of(best)} if len(best) else set()
    p = "< 0.001" if result.friedman_p < 0.001 else f"= {result.friedman_p:.3f}"
    notes = [
        f"Bold, {LETTER}: candidates for the best by the mean score, as in the table. Rank 1 is "
        f"best. Friedman's test of all entries over {result.blocks} {blocks}: p {p}."
        + (f" Left out, as they lack {blocks}: {', '.join(lacking)}." if lacking else ""),
        style.sign_note(labels),
    ]
    with frame.drawing_rules():
        figure = _draw(result, labels, [entry in candidates for entry in shown])
        frame.finish(figure, title, notes)
    return Drawing(name, title, figure)


def _draw(result: MeanRanks, labels: Sequence[str], candidates: Sequence[bool]) -> "frame.Figure":
    """The diagram, in inches from its upper left corner."""
    width = 2 * SIDE + LINE
    height = AXIS + 0.25 + ROW * ((len(labels) + 1) // 2)
    figure = frame.new_figure(width, height)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    _draw_axis(axes, len(labels))
    _draw_entries(axes, result, labels, candidates)
    return figure


def _x(rank: float, count: int) -> float:
    """Where a rank of `count` is on the line."""
    return SIDE + (rank - 1) / (count - 1) * LINE


def _draw_axis(axes: "frame.Axes", count: int) -> None:
    axes.plot([_x(1, count), _x(count, count)], [AXIS, AXIS], color="black", linewidth=1)
    step = max(1, -(-count // 12))
    for rank in range(1, count + 1):
        labelled = (rank - 1) % step == 0
        tick = AXIS - (0.07 if labelled else 0.04)
        axes.plot([_x(rank, count)] * 2, [tick, AXIS], color="black", linewidth=0.8)
        if labelled:
            axes.text(_x(rank, count), AXIS - 0.09, str(rank), ha="center", va="bottom")


def _draw_entries(
    axes: "frame.Axes", result: MeanRanks, labels: Sequence[str], candidates: Sequence[bool]
) -> None:
    """Names and mean ranks on both sides, each with a line to its place on the axis."""
    count = len(labels)
    rows = zip(labels, result.mean_ranks, candidates, strict=True)
    for number, (label, rank, candidate) in enumerate(rows):
        left = number < (count + 1) // 2
        y = AXIS + 0.22 + ROW * (number if left else count - 1 - number)
        x, end = _x(rank, count), SIDE - 0.12 if left else SIDE + LINE + 0.12
        axes.plot([x, x, end], [AXIS, y, y], color=frame.GREY, linewidth=0.7)
        words = [frame.shortened(label), f"{rank:.2f}{f' {LETTER}' if candidate else ''}"]
        axes.text(
            end + (-0.05 if left else 0.05), y, "  ".join(words if left else words[::-1]),
            ha="right" if left else "left", va="center", fontsize=7.5,
            fontweight="bold" if candidate else "normal",
        )  # fmt: skip
