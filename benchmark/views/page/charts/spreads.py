"""The spread of the scores over the test subjects of one target, entry by entry."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import Setting
from benchmark.leaderboard.rows import best_rows, main_metric
from benchmark.views.figures import style
from benchmark.views.figures.curves import MOST
from benchmark.views.figures.spreads import SUBJECT, jitter, subject_means
from benchmark.views.figures.style import Look
from benchmark.views.page.charts import svg
from benchmark.views.page.charts.svg import Axis, Chart
from benchmark.views.text import TextTable, format_interval

ROW, HEAD, FOOT = 44, 6, 42  # pixels
DOTS = 200  # subjects above which the box alone is drawn


def spread_chart(board: Leaderboard, setting: Setting) -> Chart | None:
    """Scores of all test subjects, seeds averaged; None with one subject or no complete entry."""
    scores = board.scores[setting]
    rows = board.ranked_rows(setting)
    if len(scores.subjects) < 2 or not len(rows):
        return None
    more = max(len(rows) - MOST, 0)
    rows = best_rows(rows, board.board.baseline, MOST)
    looks, values = subject_means(board, setting, rows)
    title = style.setting_heading(board, setting, SUBJECT)
    notes = [
        f"Dots: {len(scores.subjects)} test subjects, mean over {len(scores.seeds)} seeds. Box: "
        f"quartiles and median. Diamond: mean with {style.interval_coverage(rows)}.",
        f"The best {MOST} and the baseline of {len(rows) + more}." if more else "",
        style.sign_note([look.label for look in looks]),
    ]
    drawing = _draw(rows, values, looks, title)
    return Chart(title, [*filter(None, notes)], [drawing], _table(title, rows, values, looks))


def _draw(
    rows: pd.DataFrame, values: npt.NDArray[np.float64], entries: Sequence[Look], title: str
) -> Markup:
    bottom = HEAD + ROW * len(entries)
    numbers = [*values.ravel().tolist(), *rows["low"].astype(float), *rows["high"].astype(float)]
    x = Axis.around(numbers, 4, svg.WIDTH - svg.RIGHT)
    metric = main_metric(rows)
    grid = "".join(f"M{x.at(tick):.1f} {HEAD}V{bottom}" for tick in x.ticks)
    parts = [svg.path(grid, "grid"), svg.path(f"M0 {bottom}H{svg.WIDTH}", "axis")]
    parts += [svg.text(x.at(tick), bottom + 15, f"{tick:g}", "mid") for tick in x.ticks]
    parts.append(svg.text(svg.WIDTH / 2, bottom + 34, style.with_direction(metric), "mid"))
    columns = [rows[name].astype(float).tolist() for name in ("score", "low", "high")]
    for number, (look, subjects, score, low, high) in enumerate(
        zip(entries, values, *columns, strict=True)
    ):
        parts += _entry(x, HEAD + ROW * number, look, subjects, (score, low, high))
    return svg.svg(svg.WIDTH, bottom + FOOT, title, parts)


def _entry(
    x: Axis, y: float, look: Look, subjects: npt.NDArray[np.float64],
    mean: tuple[float, float, float],
) -> Iterator[str]:  # fmt: skip
    """Name above, box and dots below it, and the mean with its interval on top of them."""
    middle = y + 30
    quartiles = [x.at(value) for value in np.quantile(subjects, (0.25, 0.5, 0.75)).tolist()]
    yield svg.text(4, y + 14, look.label)
    left, median, right = quartiles
    yield (f'<rect class="box" x="{left:.1f}" y="{middle - 8}" width="{right - left:.1f}" '
           f'height="16"/>')  # fmt: skip
    yield svg.path(f"M{median:.1f} {middle - 8}v16", "median")
    if len(subjects) <= DOTS:
        heights = middle + 14 * jitter(subjects)
        points = zip(subjects.tolist(), heights.tolist(), strict=True)
        dots = "".join(f"M{x.at(score):.0f} {height:.0f}h0" for score, height in points)
        yield svg.path(dots, "dots", svg.colour(look))
    score, low, high = mean
    if low == low:
        yield svg.path(f"M{x.at(low):.1f} {middle}H{x.at(high):.1f}", "ci")
    yield svg.path(f"M{x.at(score):.1f} {middle}m0-5 5 5-5 5-5-5z", "mean")


def _table(
    title: str, rows: pd.DataFrame, values: npt.NDArray[np.float64], entries: Sequence[Look]
) -> TextTable:
    number_format = main_metric(rows).number_format
    numbers = np.quantile(values, (0, 0.25, 0.5, 0.75, 1), axis=1).T.tolist()
    intervals = zip(rows["score"], rows["low"], rows["high"], strict=True)
    cells = [
        [
            look.label,
            format_interval(*mean, number_format),
            *(format(n, number_format) for n in quantiles),
        ]
        for look, mean, quantiles in zip(entries, intervals, numbers, strict=True)
    ]
    heads = ["entry", "mean [95 %]", "minimum", "quartile 1", "median", "quartile 3", "maximum"]
    return TextTable(f"{title}, table", heads, cells)
