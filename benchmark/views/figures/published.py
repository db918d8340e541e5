"""Published numbers and ours, side by side: a panel a metric, a line a cell."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.leaderboard.published import PublishedComparison, PublishedNumber, Reproduced
from benchmark.views.figures.layout import finish, panels, shortened
from benchmark.views.figures.style import Drawing, LeftOut, drawing_rules
from benchmark.views.published import doubt, metric_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colour, marker, whether it is filled.
PUBLISHED, OURS, BESIDE = (
    ("#000000", "D", False),
    ("#0072B2", "o", True),
    ("#E69F00", "s", True),
)
LOOKS = (PUBLISHED, OURS, BESIDE)
LINE = 0.2  # inches a row


def published_plot(
    name: str, held: Sequence[PublishedComparison], beside: str = ""
) -> Drawing | LeftOut:
    """Draw all numbers that we have something for.

    Args:
        name: Of the board.
        held: The numbers.
        beside: Name of another board of ours.
    """
    shown = [one for one in held if one.ours or one.beside]
    if not shown:
        return LeftOut("reproduction", "no published number has one of ours beside it")
    groups: dict[tuple[str, str], list[PublishedComparison]] = {}
    for one in shown:
        groups.setdefault((one.published.target, one.published.metric), []).append(one)
    with drawing_rules():
        from matplotlib.lines import Line2D

        rows = max(map(len, groups.values()))
        figure, axes = panels(len(groups), 2, 0.9 + LINE * rows)
        figure.set_figwidth(figure.get_figwidth() * 1.2)
        for panel, ((_, metric), some) in zip(axes, groups.items(), strict=True):
            _panel(panel, metric_title(metric), some)
        names = ["published", f"{name} (ours)", *([f"{beside} (ours)"] if beside else [])]
        keys = [
            Line2D([], [], color=colour, marker=marker, linestyle="none", label=label,
                   markerfacecolor=colour if filled else "white")
            for label, (colour, marker, filled) in zip(names, LOOKS, strict=False)
        ]  # fmt: skip
        synthetic = all("synthetic" in one.reasons for one in shown if one.ours)
        title = f"{name}: published and ours{' (SYNTHETIC)' if synthetic else ''}"
        counts = {status: sum(one.status == status for one in held) for status in
                  dict.fromkeys(one.status for one in held)}  # fmt: skip
        notes = [
            "Bars: one sample deviation over runs. Of the published numbers: "
            + ", ".join(f"{count} {status}" for status, count in counts.items())
            + ". reproduction.csv says of each in what it differs."
        ]
        finish(figure, title, notes, keys)
    return Drawing("reproduction", title, figure)


def _panel(axes: "Axes", title: str, held: Sequence[PublishedComparison]) -> None:
    for row, one in enumerate(held):
        for offset, number, (colour, marker, filled) in (
            (-0.2, one.published, PUBLISHED), (0.0, one.ours, OURS), (0.2, one.beside, BESIDE),
        ):  # fmt: skip
            if isinstance(number, PublishedNumber | Reproduced):
                axes.errorbar(
                    number.value, row + offset, xerr=number.sd, color=colour, marker=marker,
                    markerfacecolor=colour if filled else "white", linestyle="none", elinewidth=0.8,
                )  # fmt: skip
    labels = [
        f"{shortened(one.published.source, 28)} / {one.published.strategy}, "
        f"n {one.published.train_subjects or 'all'}{doubt(one.published)}"
        for one in held
    ]
    axes.set_yticks(range(len(held)), labels, fontsize=6)
    axes.set_ylim(len(held) - 0.4, -0.6)
    axes.set_title(title, loc="right")  # over the labels, where there is room
