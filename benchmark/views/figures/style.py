"""How entries and metrics are drawn and named in every figure of a board.

Safe for the colour-blind, readable in grey, and marked as synthetic.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey, LaneSize, Setting
from benchmark.scoring.metrics import Metric
from benchmark.views.figures import frame
from benchmark.views.figures.frame import BLACK, ENTRY_COLOURS, LineStyle, legend_handle, shortened

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "*")
LINES: tuple[LineStyle, ...] = ("solid", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))
# Signs behind the name of an entry that has a mark.
SIGNS = {
    "contaminated": ("†", "saw some of a target's data (contaminated)"),
    "unchecked data": ("¶", "pretraining data that cannot be checked"),
    "partial weights": ("‡", "partial weights"),
    "unseen labels": ("#", "trained or selected without images of a label"),
    "subset": ("§", "scored on a part of the data set (subset)"),
}


@dataclass(frozen=True)
class Look:
    """How an entry is drawn in every figure of a board.

    Attributes:
        label: Its name with signs.
        number: Of its source or its strategy, from 0 on; -1 for the baseline.
        line_number: Of the other of the two.
    """

    label: str
    number: int
    line_number: int

    @property
    def colour(self) -> str:
        """Black for the baseline, else a colour of the palette."""
        return ENTRY_COLOURS[self.number % len(ENTRY_COLOURS)] if self.number >= 0 else BLACK

    @property
    def marker(self) -> str:
        """The shape of its points."""
        return MARKERS[(self.number + 1) % len(MARKERS)]

    @property
    def line(self) -> LineStyle:
        """The style of its lines."""
        return LINES[self.line_number % len(LINES)]

    def handle(self, *, line: bool = True, prefix: str = "") -> "frame.Line2D":
        """The entry's mark in a legend, with its line if lines are drawn."""
        style: LineStyle = self.line if line else "none"
        label = shortened(prefix + self.label, 44)
        return legend_handle(label, self.colour, self.marker, style)


def looks(board: Leaderboard, rows: pd.DataFrame) -> dict[EntryKey, Look]:
    """The look of each entry: colour and marker stand for the source, the line for the strategy.

    If there are more strategies than sources besides the baseline, it is the other way round. The
    look is the same in all figures of a board, except for the signs, which are those of `rows`.
    """
    entries = board.rows[["source", "strategy"]].drop_duplicates()
    sources = _ordered(board.board.sources, entries["source"])
    pretrained = [name for name in sources if name != board.board.baseline]
    strategies = _ordered(board.board.strategies, entries["strategy"])
    signs = _signs(rows)
    look_of: dict[EntryKey, Look] = {}
    for source, strategy in entries.itertuples(index=False):
        name = entry_name(source, strategy, len(strategies) > 1)
        of_source = pretrained.index(source) if source in pretrained else -1
        numbers = of_source, strategies.index(strategy)
        if of_source >= 0 and len(strategies) > len(pretrained):
            numbers = numbers[::-1]
        look_of[source, strategy] = Look(name + signs.get((source, strategy), ""), *numbers)
    return look_of


def _ordered(board_names: Iterable[str], names: "pd.Series[str]") -> list[str]:
    """The names that have rows: those of the board in its order, then the others."""
    present = set(names)
    return [*(name for name in board_names if name in present),
            *sorted(present - set(board_names))]  # fmt: skip


def entry_name(source: str, strategy: str, several: bool) -> str:
    """An entry's name; the strategy only if there are several."""
    return f"{source} / {strategy}" if several else source


def _signs(rows: pd.DataFrame) -> dict[EntryKey, str]:
    """The signs of each entry with marks, after a space."""
    marks: dict[EntryKey, set[str]] = {}
    for source, strategy, text in zip(rows["source"], rows["strategy"], rows["marks"], strict=True):
        marks.setdefault((source, strategy), set()).update(text.split(", "))
    signs = {entry: "".join(sign for mark, (sign, _) in SIGNS.items() if mark in of_entry)
             for entry, of_entry in marks.items()}  # fmt: skip
    return {entry: f" {of_entry}" for entry, of_entry in signs.items() if of_entry}


def sign_note(labels: Sequence[str]) -> str:
    """The meaning of the signs that some of the labels carry."""
    used = [f"{sign} {text}" for sign, text in SIGNS.values() if any(sign in x for x in labels)]
    return f"{'; '.join(used)}." if used else ""


def heading(board: Leaderboard, subject: str) -> str:
    """A figure's heading: board, what is shown, and the marks that all of it has."""
    clean = ", without contaminated cells" if board.clean else ""
    some = any("synthetic" in row for row in board.rows["marks"])
    partly = "partly SYNTHETIC" if some and not board.synthetic else ""
    cautions = ", ".join(filter(None, (partly, board.caution)))
    return f"{board.board.id}: {subject}{clean}{f' ({cautions})' if cautions else ''}"


def setting_heading(board: Leaderboard, setting: Setting, subject: str) -> str:
    """The heading of a figure of one setting."""
    return heading(board, f"{setting.target}, {subject}, {size_name(board, setting.lane_size)}")


def with_unit(metric: Metric) -> str:
    """Title and unit of a metric."""
    return f"{metric.title}{f' [{metric.unit}]' if metric.unit else ''}"


def with_direction(metric: Metric) -> str:
    """Title, unit and direction of a metric."""
    return f"{with_unit(metric)} ({'higher' if metric.higher_is_better else 'lower'} is better)"


def interval_coverage(rows: pd.DataFrame) -> str:
    """What the intervals of these rows cover."""
    texts = dict.fromkeys(str(text) for text in rows["interval_covers"] if text)
    return f"95 % interval over {' or '.join(texts)}"


def size_name(board: Leaderboard, size: LaneSize) -> str:
    """The lane, if the board has several, and the number of training subjects in words."""
    subjects = f"{size.train_subjects or 'all'} training subjects"
    return ", ".join(filter(None, (board.lane_words(size.lane), subjects)))


def size_code(size: LaneSize) -> str:
    """The number of training subjects in the names of figures, after a lane other than `unet`."""
    code = f"n{size.train_subjects or 'all'}"
    return code if size.lane == "unet" else f"{size.lane}_{code}"


def error_bars(rows: pd.DataFrame) -> "list[pd.Series[float]]":
    """Lengths of the error bars below and above each score; 0 without an interval."""
    lengths = (rows["score"] - rows["low"], rows["high"] - rows["score"])
    return [length.fillna(0).clip(lower=0) for length in lengths]
