"""The spread behind a mean: every test subject of one target, entry by entry."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures.layout import finish, new_figure, wrapped
from benchmark.views.figures.style import (
    Drawing,
    LeftOut,
    Setting,
    covered,
    drawing_rules,
    heading,
    looks,
    sign_note,
    size_name,
    with_direction,
)

ROW = 0.36  # inches
MANY = 3000  # dots, from which on they are a picture in the SVG


def subject_spread(board: Leaderboard, place: Setting) -> Drawing | LeftOut:
    """Scores of all test subjects of one target and size: box, dots, mean with interval."""
    target, size = place
    name = f"spread_{target}_{f'n{size}' if size else 'nall'}"
    scores = board.scores[place]
    if not scores.entries:
        return LeftOut(name, "no entry is complete")
    if len(scores.subjects) < 2:
        return LeftOut(name, "one test subject has no spread")
    rows = board.rows[(board.rows["target"] == target) & (board.rows["train_subjects"] == size)]
    rows = rows[rows["rank"].notna()]
    with drawing_rules():
        return _draw(board, name, place, rows)


def _draw(board: Leaderboard, name: str, place: Setting, rows: pd.DataFrame) -> Drawing:
    scores, known = board.scores[place], looks(board, rows)
    entries = [*zip(rows["source"], rows["strategy"], strict=True)]
    at = [scores.entries.index(entry) for entry in entries]
    values = scores.values[at].mean(axis=1)
    labels = [known[entry].label for entry in entries]
    figure = new_figure(6.2, ROW * len(entries) + 0.8)
    axes = figure.add_subplot()
    lines = {"color": "#777777", "linewidth": 0.8}
    axes.boxplot(
        list(values), positions=range(len(values)), orientation="horizontal", widths=0.62,
        showfliers=False, patch_artist=True,
        boxprops={"facecolor": "#E4E4E4", "edgecolor": "#777777", "linewidth": 0.8},
        medianprops={**lines, "linewidth": 1.4}, whiskerprops=lines, capprops=lines,
    )  # fmt: skip
    axes.invert_yaxis()
    for number, (one, entry) in enumerate(zip(values, entries, strict=True)):
        axes.scatter(
            one, number + jitter(one), s=max(4.0, 14.0 - len(one) / 20), alpha=0.75, linewidths=0,
            color=known[entry].colour, marker=known[entry].marker, zorder=3,
            rasterized=values.size > MANY,
        )  # fmt: skip
    low = (rows["score"] - rows["low"]).fillna(0).clip(lower=0)
    high = (rows["high"] - rows["score"]).fillna(0).clip(lower=0)
    axes.errorbar(
        rows["score"], np.arange(len(rows)), xerr=[low, high], fmt="D", color="black",
        markersize=5, markerfacecolor="white", elinewidth=1.6, capsize=3, zorder=4,
    )  # fmt: skip
    axes.set_yticks(range(len(labels)), [wrapped(label) for label in labels])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(with_direction(METRICS[str(rows["main_metric"].iloc[0])]))
    axes.set_ylabel("")
    notes = [
        f"Dots: {len(scores.subjects)} test subjects, mean over {len(scores.seeds)} seeds. Box: "
        "quartiles and median; whiskers: last subject within 1.5 interquartile ranges. Diamond: "
        f"mean with {covered(rows)}. Best entry on top.",
        sign_note(labels),
    ]
    title = heading(board, f"{place[0]}, spread over test subjects, {size_name(place[1])}")
    finish(figure, title, notes)
    return Drawing(name, title, figure)


def jitter(values: npt.NDArray[np.float64], half: float = 0.24) -> npt.NDArray[np.float64]:
    """Offsets that keep neighbouring values apart; not random, so figures repeat themselves."""
    golden = (np.argsort(np.argsort(values, kind="stable")) * 0.6180339887) % 1
    return np.asarray((2 * golden - 1) * half, dtype=np.float64)
