"""The results of one source or target over all boards, and the pages of their cards."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

import pandas as pd

from benchmark.scoring.metrics import METRICS
from benchmark.views.page import cells, columns
from benchmark.views.page.cells import ColumnCells
from benchmark.views.page.drawings import plot_cells, plot_range
from benchmark.views.page.table import Column, PageTable
from benchmark.views.site.boards import SiteBoard

CardKind = Literal["source", "target"]


@dataclass(frozen=True)
class CardResults:
    """What one board says of a source or target; `page` is the address of the board's page."""

    board: SiteBoard
    page: str
    rows: int
    table: PageTable


def results_of(
    boards: Iterable[SiteBoard], kind: CardKind, name: str, has_page: Callable[[str], bool]
) -> Iterator[CardResults]:
    """The rows of a source or target on every board, in the order of the boards.

    Args:
        boards: All boards.
        kind: Whether `name` is a source or a target.
        name: Its id. Entries of `SOURCE@NETWORK` are rows of the source.
        has_page: Whether a name of the other kind has a page of its own.
    """
    for board in boards:
        rows = board.context.rows
        if not len(rows):
            continue
        rows = rows[[card_of(entry) == name for entry in cells.as_list(rows[kind])]]
        if len(rows):
            page = f"../{board.page}"
            yield CardResults(board, page, len(rows), _table(board, kind, rows, page, has_page))


def card_of(name: str) -> str:
    """The card of a name in a table: that of `SOURCE@NETWORK` is the source's."""
    return name.partition("@")[0]


def card_link(kind: str, name: str, text: str, root: str = "../") -> str:
    """A link to the page of a source or target; its id is a file name, so it is safe."""
    return f'<a href="{root}{kind}s/{card_of(name)}.html">{text}</a>'


def _table(
    board: SiteBoard,
    kind: CardKind,
    rows: pd.DataFrame,
    page: str,
    has_page: Callable[[str], bool],
) -> PageTable:
    other = "target" if kind == "source" else "source"
    names = cells.as_list(rows[other])
    links = [
        card_link(other, name, text) if has_page(card_of(name)) else text
        for name, text in zip(names, cells.escaped(names), strict=True)
    ]
    metrics = [METRICS[name] for name in cells.as_list(rows["main_metric"])]
    networks = rows["encoder"].nunique() > 1
    shown = [
        Column(other, other, ColumnCells(links)),
        columns.size(rows),
        columns.gain(board.context, rows, metrics[0]),
        *([_gain_plot(rows)] if len(set(metrics)) == 1 and rows["gain"].notna().any() else []),
        columns.not_better(rows),
        Column("rank", "rank", cells.ranks(rows, "rank")),
        Column("score", "score", cells.intervals(rows, "score", metrics[0].number_format)),
        *_empty_prediction(rows),
        Column("metric", "metric", cells.texts(metric.title for metric in metrics)),
        columns.subjects(rows),
        columns.text(rows, "strategy"),
        *columns.lanes(board.context, rows),
        *([columns.text(rows, "encoder", "network")] if networks else []),
        Column("marks", "marks", cells.marks(rows)),
        columns.seed_scores(board.context, rows, page),
    ]
    return PageTable(f"{board.card.id}: results of {card_of(str(rows[kind].iloc[0]))}", shown)


def _gain_plot(rows: pd.DataFrame) -> Column:
    """The gains with their intervals on one axis, a line at 0."""
    low, high = plot_range(rows, "gain")
    title = f"gain, {min(low, 0.0):+.2f} to {max(high, 0.0):+.2f}"
    return Column("plot", title, plot_cells(rows, 0.0, "gain"), drawn=True)


def _empty_prediction(rows: pd.DataFrame) -> Iterator[Column]:
    """What a prediction without any structure would score, where that is not the worst score."""
    blank = [score or nan for score in cells.floats(rows, "empty_prediction")]
    if any(isfinite(score) for score in blank):
        yield Column("empty", "an empty prediction scores", cells.numbers(blank, ".3f"))
