"""One look for all figures: safe for the colour-blind, readable in grey, marked as synthetic."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.scoring.metrics import Metric

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Entry = tuple[str, str]  # source, strategy
Setting = tuple[str, int]  # target, number of training subjects
Line: TypeAlias = "Literal['solid', 'dashed', 'none'] | tuple[float, tuple[float, ...]]"

# Okabe and Ito's colours, without yellow and black; neighbours differ in lightness too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "*")
LINES: tuple[Line, ...] = ("solid", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))
BASELINE = "#000000"
RC: Mapping[str, object] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#333333",
    "axes.grid": True,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.5,
    "errorbar.capsize": 2,
    "figure.dpi": 200,
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "patch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "segtransfer",
    "text.parse_math": False,
    "xtick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 7.5,
    "ytick.major.width": 0.6,
}
# What a reader must know of an entry, behind its name.
SIGNS = {
    "contaminated": ("†", "saw some of a target's data (contaminated)"),
    "partial weights": ("‡", "partial weights"),
    "subset": ("§", "scored on a part of the data set (subset)"),
}


@dataclass(frozen=True)
class Drawing:
    """A figure with the name of its file (without ending) and its heading."""

    name: str
    title: str
    figure: "Figure"


@dataclass(frozen=True)
class LeftOut:
    """A figure that cannot be drawn, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Look:
    """How an entry is drawn in every figure of a board."""

    label: str
    colour: str
    marker: str
    line: Line


@contextmanager
def drawing_rules() -> Iterator[None]:
    """The settings of all figures, for as long as one is drawn or written."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)  # type: ignore[arg-type]
        yield


def looks(board: Leaderboard, rows: pd.DataFrame) -> dict[Entry, Look]:
    """The look of each entry: colour and marker say the source, the line says the strategy.

    It is the same in all figures of a board, but for the signs, which tell of these rows.
    """
    entries = board.rows[["source", "strategy"]].drop_duplicates()
    sources = [name for name in board.board.sources if name in set(entries["source"])]
    sources = list(dict.fromkeys([*sources, *sorted(entries["source"])]))
    pretrained = [name for name in sources if name != board.board.baseline]
    strategies = list(dict.fromkeys([*board.board.strategies, *sorted(entries["strategy"])]))
    strategies = [name for name in strategies if name in set(entries["strategy"])]
    found: dict[Entry, Look] = {}
    for source, strategy in entries.itertuples(index=False):
        number = pretrained.index(source) if source in pretrained else -1
        found[source, strategy] = Look(
            entry_name(source, strategy, len(strategies) > 1) + _signs(rows, source, strategy),
            COLOURS[number % len(COLOURS)] if number >= 0 else BASELINE,
            MARKERS[(number + 1) % len(MARKERS)],
            LINES[strategies.index(strategy) % len(LINES)],
        )
    return found


def entry_name(source: str, strategy: str, several: bool) -> str:
    """An entry's name; the strategy only where there are several."""
    return f"{source} / {strategy}" if several else source


def _signs(rows: pd.DataFrame, source: str, strategy: str) -> str:
    mine = rows[(rows["source"] == source) & (rows["strategy"] == strategy)]
    marks = {mark for text in mine["marks"] for mark in text.split(", ")}
    signs = "".join(sign for mark, (sign, _) in SIGNS.items() if mark in marks)
    return f" {signs}" if signs else ""


def sign_note(labels: Sequence[str]) -> str:
    """What the signs mean that some of the labels carry."""
    used = [f"{sign} {text}" for sign, text in SIGNS.values() if any(sign in x for x in labels)]
    return f"{'; '.join(used)}." if used else ""


def heading(board: Leaderboard, what: str) -> str:
    """A figure's heading: board, what is shown, and what a reader must know of all of it."""
    clean = ", without contaminated cells" if board.clean else ""
    some = any("synthetic" in row for row in board.rows["marks"])
    partly = "partly SYNTHETIC" if some and not board.synthetic else ""
    said = ", ".join(filter(None, (partly, board.caution)))
    return f"{board.board.id}: {what}{clean}{f' ({said})' if said else ''}"


def with_unit(metric: Metric) -> str:
    """Title and unit of a metric."""
    return f"{metric.title}{f' [{metric.unit}]' if metric.unit else ''}"


def with_direction(metric: Metric) -> str:
    """Title, unit and direction of a metric."""
    return f"{with_unit(metric)} ({'higher' if metric.higher_is_better else 'lower'} is better)"


def covered(rows: pd.DataFrame) -> str:
    """What the intervals of these rows speak about."""
    texts = dict.fromkeys(str(text) for text in rows["interval_covers"] if text)
    return f"95 % interval over {' or '.join(texts)}"


def size_name(size: int) -> str:
    """A number of training subjects in words; 0 is all."""
    return f"{size} training subjects" if size else "all training subjects"
