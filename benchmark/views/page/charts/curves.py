"""Score against the number of training subjects: one panel per target, one line per entry."""

from collections.abc import Iterator, Mapping

import pandas as pd
from markupsafe import Markup

from benchmark.cards.lanes import Lane
from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures.curves import MOST, best_entries, size_positions
from benchmark.views.figures.frame import shortened
from benchmark.views.figures.style import (
    Look,
    heading,
    interval_coverage,
    looks,
    sign_note,
    with_direction,
)
from benchmark.views.page.charts.svg import (
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    Axis,
    Chart,
    colour,
    dashes,
    frame,
    legend_entry,
    marker,
    path,
    score_axis,
    svg,
    whisker,
)
from benchmark.views.text import MISSING, TextTable, format_interval

DODGE = 4  # pixels between neighbouring entries


def size_chart(board: Leaderboard, lane: Lane) -> Chart | None:
    """Ranked rows of one lane; None where no target has two numbers of training subjects."""
    rows = board.rows[board.rows["rank"].notna() & (board.rows["lane"] == lane)]
    counts = rows.groupby("target", sort=False)["train_subjects"].nunique()
    rows = rows[rows["target"].isin(counts.index[counts > 1])]
    if not len(rows):
        return None
    known = looks(board, rows)
    entries = {entry: known[entry] for entry in best_entries(board, rows)}
    subject = "score against the number of training subjects"
    title = heading(board, ", ".join(filter(None, (subject, board.lane_words(lane)))))
    more = len(rows[["source", "strategy"]].drop_duplicates()) - len(entries)
    notes = [
        f"Bars: {interval_coverage(rows)}.",
        f"The best {MOST} and the baseline; {more} more are in the tables." if more else "",
        sign_note([look.label for look in entries.values()]),
    ]
    panels = [_panel(str(name), part, entries) for name, part in rows.groupby("target", sort=False)]
    legend = [legend_entry(look, line=True) for look in entries.values()]
    return Chart(title, [*filter(None, notes)], panels, _table(title, rows, entries), legend)


def _panel(target: str, rows: pd.DataFrame, entries: Mapping[EntryKey, Look]) -> Markup:
    subjects = max(rows.loc[rows["train_subjects"] == 0, "train_subjects_used"], default=0)
    sizes = size_positions(rows, subjects)
    x = Axis.around(sizes.values(), LEFT + 12, WIDTH - RIGHT - 12, log=True)
    y = score_axis(rows)
    ticks = [(place, str(size) if size else f"all ({subjects})") for size, place in sizes.items()]
    metric = METRICS[str(rows["main_metric"].iloc[0])]
    parts = frame(x, y, shortened(target, 46), "training subjects (log scale)",
                  with_direction(metric), ticks)  # fmt: skip
    for number, (entry, look) in enumerate(entries.items()):
        shift = DODGE * (number - (len(entries) - 1) / 2)
        own = rows[(rows["source"] == entry[0]) & (rows["strategy"] == entry[1])]
        own = own.assign(x=own["train_subjects"].map(sizes)).sort_values("x")
        parts += _line(own, look, x, y, shift)
    return svg(WIDTH, HEIGHT, f"{target}: score by number of training subjects", parts)


def _line(rows: pd.DataFrame, look: Look, x: Axis, y: Axis, shift: float) -> Iterator[str]:
    columns = (rows[name].astype(float).tolist() for name in ("x", "score", "low", "high"))
    points = [
        (x.at(place) + shift, y.at(score), y.at(low), y.at(high))
        for place, score, low, high in zip(*columns, strict=True)
    ]
    if points:
        line = "L".join(f"{px:.1f} {py:.1f}" for px, py, _, _ in points)
        yield path(f"M{line}", "line", colour(look), dashes(look))
    for (px, py, low, high), seen in zip(points, rows["contamination"], strict=True):
        yield whisker(px, low, high, colour(look))
        yield marker(look, px, py, filled=not seen)


def _table(title: str, rows: pd.DataFrame, entries: Mapping[EntryKey, Look]) -> TextTable:
    sizes = sorted({int(size) for size in rows["train_subjects"]}, key=lambda n: n or float("inf"))
    found = {
        (row["target"], row["source"], row["strategy"], row["train_subjects"]): format_interval(
            row["score"], row["low"], row["high"], METRICS[row["main_metric"]].number_format
        )
        for _, row in rows.iterrows()
    }
    cells = [
        [str(target), look.label, *(found.get((target, *entry, n), MISSING) for n in sizes)]
        for target in rows["target"].unique()
        for entry, look in entries.items()
    ]
    heads = ["target", "entry", *(f"n {size or 'all'}" for size in sizes)]
    return TextTable(f"{title}, table", heads, cells)
