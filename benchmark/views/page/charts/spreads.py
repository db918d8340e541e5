"""The spread of the scores over the test subjects of one target, entry by entry."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import Setting
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures.curves import MOST
from benchmark.views.figures.spreads import jitter
from benchmark.views.figures.style import (
    Look,
    heading,
    interval_coverage,
    looks,
    setting_rows,
    sign_note,
    size_name,
    with_direction,
)
from benchmark.views.page.charts.svg import RIGHT, WIDTH, Axis, Chart, colour, path, svg, text
from benchmark.views.text import TextTable, format_interval

ROW, HEAD, FOOT = 44, 6, 42  # pixels
DOTS = 200  # subjects above which the box alone is drawn


def spread_chart(board: Leaderboard, setting: Setting) -> Chart | None:
    """Scores of all test subjects, seeds averaged; None with one subject or no complete entry."""
    scores = board.scores[setting]
    rows = setting_rows(board, setting)
    rows = rows[rows["rank"].notna()]
    if len(scores.subjects) < 2 or not len(rows):
        return None
    more = max(len(rows) - MOST, 0)
    rows = rows[(np.arange(len(rows)) < MOST) | (rows["source"] == board.board.baseline)]
    known = looks(board, rows)
    entries = [*zip(rows["source"], rows["strategy"], strict=True)]
    values = scores.values[[scores.entries.index(entry) for entry in entries]].mean(axis=1)
    size = size_name(board, setting.lane_size)
    title = heading(board, f"{setting.target}, spread over test subjects, {size}")
    notes = [
        f"Dots: {len(scores.subjects)} test subjects, mean over {len(scores.seeds)} seeds. Box: "
        f"quartiles and median. Diamond: mean with {interval_coverage(rows)}.",
        f"The best {MOST} and the baseline of {len(rows) + more}." if more else "",
        sign_note([known[entry].label for entry in entries]),
    ]
    own = [known[entry] for entry in entries]
    drawing = _draw(rows, values, own, title)
    return Chart(title, [*filter(None, notes)], [drawing], _table(title, rows, values, own))


def _draw(
    rows: pd.DataFrame, values: npt.NDArray[np.float64], entries: Sequence[Look], title: str
) -> Markup:
    bottom = HEAD + ROW * len(entries)
    numbers = [*values.ravel().tolist(), *rows["low"].astype(float), *rows["high"].astype(float)]
    x = Axis.around(numbers, 4, WIDTH - RIGHT)
    metric = METRICS[str(rows["main_metric"].iloc[0])]
    grid = "".join(f"M{x.at(tick):.1f} {HEAD}V{bottom}" for tick in x.ticks)
    parts = [path(grid, "grid"), path(f"M0 {bottom}H{WIDTH}", "axis")]
    parts += [text(x.at(tick), bottom + 15, f"{tick:g}", "mid") for tick in x.ticks]
    parts.append(text(WIDTH / 2, bottom + 34, with_direction(metric), "mid"))
    columns = [rows[name].astype(float).tolist() for name in ("score", "low", "high")]
    for number, (look, subjects, score, low, high) in enumerate(
        zip(entries, values, *columns, strict=True)
    ):
        parts += _entry(x, HEAD + ROW * number, look, subjects, (score, low, high))
    return svg(WIDTH, bottom + FOOT, title, parts)


def _entry(
    x: Axis, y: float, look: Look, subjects: npt.NDArray[np.float64],
    mean: tuple[float, float, float],
) -> Iterator[str]:  # fmt: skip
    """Name above, box and dots below it, and the mean with its interval on top of them."""
    middle = y + 30
    quartiles = [x.at(value) for value in np.quantile(subjects, (0.25, 0.5, 0.75)).tolist()]
    yield text(4, y + 14, look.label)
    left, median, right = quartiles
    yield (f'<rect class="box" x="{left:.1f}" y="{middle - 8}" width="{right - left:.1f}" '
           f'height="16"/>')  # fmt: skip
    yield path(f"M{median:.1f} {middle - 8}v16", "median")
    if len(subjects) <= DOTS:
        heights = middle + 14 * jitter(subjects)
        points = zip(subjects.tolist(), heights.tolist(), strict=True)
        yield path("".join(f"M{x.at(s):.0f} {h:.0f}h0" for s, h in points), "dots", colour(look))
    score, low, high = mean
    if low == low:
        yield path(f"M{x.at(low):.1f} {middle}H{x.at(high):.1f}", "ci")
    yield path(f"M{x.at(score):.1f} {middle}m0-5 5 5-5 5-5-5z", "mean")


def _table(
    title: str, rows: pd.DataFrame, values: npt.NDArray[np.float64], entries: Sequence[Look]
) -> TextTable:
    style = METRICS[str(rows["main_metric"].iloc[0])].number_format
    numbers = np.quantile(values, (0, 0.25, 0.5, 0.75, 1), axis=1).T.tolist()
    intervals = zip(rows["score"], rows["low"], rows["high"], strict=True)
    cells = [
        [look.label, format_interval(*mean, style), *(format(number, style) for number in own)]
        for look, mean, own in zip(entries, intervals, numbers, strict=True)
    ]
    heads = ["entry", "mean [95 %]", "minimum", "quartile 1", "median", "quartile 3", "maximum"]
    return TextTable(f"{title}, table", heads, cells)
