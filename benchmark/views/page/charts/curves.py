"""Score against the number of training subjects: one panel per target, one line per entry."""

from collections.abc import Iterator, Mapping

import pandas as pd
from markupsafe import Markup

from benchmark.cards.lanes import Lane
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey
from benchmark.leaderboard.rows import main_metric
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures import style
from benchmark.views.figures.curves import MOST, SizeCurves, size_positions
from benchmark.views.figures.frame import shortened
from benchmark.views.figures.style import Look
from benchmark.views.page.charts import svg
from benchmark.views.page.charts.svg import Axis, Chart
from benchmark.views.text import MISSING, TextTable, format_interval

DODGE = 4  # pixels between neighbouring entries


def size_chart(board: Leaderboard, lane: Lane) -> Chart | None:
    """Ranked rows of one lane; None where no target has two numbers of training subjects."""
    curves = SizeCurves.of(board, lane)
    if curves is None:
        return None
    rows, looks, more = curves.rows, curves.looks, curves.left_out
    notes = [
        f"Bars: {style.interval_coverage(rows)}.",
        f"The best {MOST} and the baseline; {more} more are in the tables." if more else "",
        style.sign_note([look.label for look in looks.values()]),
    ]
    panels = [_panel(name, of_target, looks) for name, of_target in curves.targets.items()]
    legend = [svg.legend_entry(look, line=True) for look in looks.values()]
    table = _table(curves.title, rows, looks)
    return Chart(curves.title, [*filter(None, notes)], panels, table, legend)


def _panel(target: str, rows: pd.DataFrame, entries: Mapping[EntryKey, Look]) -> Markup:
    subjects = max(rows.loc[rows["train_subjects"] == 0, "train_subjects_used"], default=0)
    sizes = size_positions(rows, subjects)
    x = Axis.around(sizes.values(), svg.LEFT + 12, svg.WIDTH - svg.RIGHT - 12, log=True)
    y = svg.score_axis(rows)
    ticks = [(place, str(size) if size else f"all ({subjects})") for size, place in sizes.items()]
    metric = main_metric(rows)
    parts = svg.frame(x, y, shortened(target, 46), "training subjects (log scale)",
                  style.with_direction(metric), ticks)  # fmt: skip
    for number, (entry, look) in enumerate(entries.items()):
        shift = DODGE * (number - (len(entries) - 1) / 2)
        of_entry = rows[(rows["source"] == entry[0]) & (rows["strategy"] == entry[1])]
        of_entry = of_entry.assign(x=of_entry["train_subjects"].map(sizes)).sort_values("x")
        parts += _line(of_entry, look, x, y, shift)
    return svg.svg(svg.WIDTH, svg.HEIGHT, f"{target}: score by number of training subjects", parts)


def _line(rows: pd.DataFrame, look: Look, x: Axis, y: Axis, shift: float) -> Iterator[str]:
    columns = (rows[name].astype(float).tolist() for name in ("x", "score", "low", "high"))
    points = [
        (x.at(place) + shift, y.at(score), y.at(low), y.at(high))
        for place, score, low, high in zip(*columns, strict=True)
    ]
    if points:
        line = "L".join(f"{px:.1f} {py:.1f}" for px, py, _, _ in points)
        yield svg.path(f"M{line}", "line", svg.colour(look), svg.dashes(look))
    for (px, py, low, high), seen in zip(points, rows["contamination"], strict=True):
        yield svg.whisker(px, low, high, svg.colour(look))
        yield svg.marker(look, px, py, filled=not seen)


def _table(title: str, rows: pd.DataFrame, entries: Mapping[EntryKey, Look]) -> TextTable:
    sizes = sorted({int(size) for size in rows["train_subjects"]}, key=lambda n: n or float("inf"))
    text_of = {
        (row["target"], row["source"], row["strategy"], row["train_subjects"]): format_interval(
            row["score"], row["low"], row["high"], METRICS[row["main_metric"]].number_format
        )
        for _, row in rows.iterrows()
    }
    cells = [
        [str(target), look.label, *(text_of.get((target, *entry, n), MISSING) for n in sizes)]
        for target in rows["target"].unique()
        for entry, look in entries.items()
    ]
    heads = ["target", "entry", *(f"n {size or 'all'}" for size in sizes)]
    return TextTable(f"{title}, table", heads, cells)
