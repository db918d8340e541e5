"""The spread of the scores: every test subject of one target, entry by entry."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import Setting
from benchmark.leaderboard.rows import entries_of, main_metric
from benchmark.views.figures import frame, style
from benchmark.views.figures.frame import Drawing, NotDrawn
from benchmark.views.figures.style import Look

SUBJECT = "spread over test subjects"
ROW = 0.36  # inches
MANY = 3000  # dots above which they are a raster image in the SVG


def subject_spread(board: Leaderboard, setting: Setting) -> Drawing | NotDrawn:
    """Scores of all test subjects of one target and size: box, dots, mean with interval."""
    name = f"spread_{setting.target}_{style.size_code(setting.lane_size)}"
    scores = board.scores[setting]
    if not scores.entries:
        return NotDrawn(name, "no entry is complete")
    if len(scores.subjects) < 2:
        return NotDrawn(name, "one test subject has no spread")
    rows = board.ranked_rows(setting)
    looks, values = subject_means(board, setting, rows)
    notes = [
        f"Dots: {len(scores.subjects)} test subjects, mean over {len(scores.seeds)} seeds. Box: "
        "quartiles and median; whiskers: last subject within 1.5 interquartile ranges. Diamond: "
        f"mean with {style.interval_coverage(rows)}. Best entry on top.",
        style.sign_note([look.label for look in looks]),
    ]
    title = style.setting_heading(board, setting, SUBJECT)
    with frame.drawing_rules():
        figure = frame.new_figure(6.2, ROW * len(looks) + 0.8)
        _draw(figure.add_subplot(), rows, values, looks)
        frame.finish(figure, title, notes)
    return Drawing(name, title, figure)


def subject_means(
    board: Leaderboard, setting: Setting, rows: pd.DataFrame
) -> tuple[list[Look], npt.NDArray[np.float64]]:
    """How the entries of some ranked rows are drawn, and their (entries, subjects) seed means."""
    scores, entries, known = board.scores[setting], entries_of(rows), style.looks(board, rows)
    values = scores.values[[scores.entries.index(entry) for entry in entries]].mean(axis=1)
    return [known[entry] for entry in entries], values


def _draw(
    axes: "frame.Axes", rows: pd.DataFrame, values: npt.NDArray[np.float64], entries: list[Look]
) -> None:
    """Values (entries, subjects) of the rows, the first on top."""
    lines = {"color": "#777777", "linewidth": 0.8}
    axes.boxplot(
        list(values), positions=range(len(values)), orientation="horizontal", widths=0.62,
        showfliers=False, patch_artist=True,
        boxprops={"facecolor": "#E4E4E4", "edgecolor": "#777777", "linewidth": 0.8},
        medianprops={**lines, "linewidth": 1.4}, whiskerprops=lines, capprops=lines,
    )  # fmt: skip
    axes.invert_yaxis()
    for number, (subjects, look) in enumerate(zip(values, entries, strict=True)):
        axes.scatter(
            subjects, number + jitter(subjects), s=max(4.0, 14.0 - len(subjects) / 20), alpha=0.75,
            linewidths=0, color=look.colour, marker=look.marker, zorder=3,
            rasterized=values.size > MANY,
        )  # fmt: skip
    axes.errorbar(
        rows["score"], np.arange(len(rows)), xerr=style.error_bars(rows), fmt="D", color="black",
        markersize=5, markerfacecolor="white", elinewidth=1.6, capsize=3, zorder=4,
    )  # fmt: skip
    axes.set_yticks(range(len(entries)), [frame.wrapped(look.label) for look in entries])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(style.with_direction(main_metric(rows)))
    axes.set_ylabel("")


def jitter(values: npt.NDArray[np.float64], half: float = 0.24) -> npt.NDArray[np.float64]:
    """Offsets that keep neighbouring values apart; not random, so figures are reproducible."""
    golden = (np.argsort(np.argsort(values, kind="stable")) * 0.6180339887) % 1
    return np.asarray((2 * golden - 1) * half, dtype=np.float64)
