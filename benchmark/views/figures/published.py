"""Published numbers and ours, side by side: one panel per metric, one line per cell."""

from collections import Counter
from collections.abc import Sequence

from benchmark.leaderboard.published import PublishedComparison, Reproduced
from benchmark.leaderboard.published_numbers import PublishedNumber
from benchmark.views.figures import frame
from benchmark.views.figures.frame import Drawing, NotDrawn
from benchmark.views.published import by_target_and_metric, doubt, metric_title

MARKERS = ("D", "o", "s")  # published (hollow), ours, ours of another board
COLOURS = (frame.BLACK, frame.BLUE, frame.ORANGE)
LINE = 0.2  # inches per row


def published_plot(
    name: str, comparisons: Sequence[PublishedComparison], beside: str = ""
) -> Drawing | NotDrawn:
    """Draw all published numbers that have one of ours.

    Args:
        name: Of the board.
        comparisons: The numbers.
        beside: Name of another board of ours.
    """
    shown = [comparison for comparison in comparisons if comparison.ours or comparison.beside]
    if not shown:
        return NotDrawn("reproduction", "no published number has one of ours to compare with")
    groups = by_target_and_metric(shown)
    counts = Counter(comparison.status for comparison in comparisons)
    notes = [
        "Bars: one sample deviation over runs. Of the published numbers: "
        + ", ".join(f"{count} {status}" for status, count in counts.items())
        + ". reproduction.csv says of each why."
    ]
    synthetic = all("synthetic" in comparison.reasons for comparison in shown if comparison.ours)
    title = f"{name}: published and ours{' (SYNTHETIC)' if synthetic else ''}"
    labels = ["published", f"{name} (ours)", *([f"{beside} (ours)"] if beside else [])]
    with frame.drawing_rules():
        figure, grid = frame.panels(len(groups), 2, 0.9 + LINE * max(map(len, groups.values())))
        figure.set_figwidth(figure.get_figwidth() * 1.2)
        for axes, ((_, metric), group) in zip(grid, groups.items(), strict=True):
            _draw_panel(axes, metric_title(metric), group)
        legend = [
            frame.legend_handle(label, colour, marker, filled=marker != MARKERS[0])
            for label, colour, marker in zip(labels, COLOURS, MARKERS, strict=False)
        ]
        frame.finish(figure, title, notes, legend)
    return Drawing("reproduction", title, figure)


def _draw_panel(axes: "frame.Axes", title: str, comparisons: Sequence[PublishedComparison]) -> None:
    for row, comparison in enumerate(comparisons):
        values = (comparison.published, comparison.ours, comparison.beside)
        series = zip(values, COLOURS, MARKERS, strict=True)
        for offset, (number, colour, marker) in zip((-0.2, 0.0, 0.2), series, strict=True):
            if isinstance(number, PublishedNumber | Reproduced):
                axes.errorbar(
                    number.value, row + offset, xerr=number.sd, color=colour, marker=marker,
                    markerfacecolor="white" if number is comparison.published else colour,
                    linestyle="none", elinewidth=0.8,
                )  # fmt: skip
    labels = [
        f"{frame.shortened(comparison.published.source, 28)} / {comparison.published.strategy}, "
        f"n {comparison.published.train_subjects or 'all'}{doubt(comparison.published)}"
        for comparison in comparisons
    ]
    axes.set_yticks(range(len(comparisons)), labels, fontsize=6)
    axes.set_ylim(len(comparisons) - 0.4, -0.6)
    axes.set_title(title, loc="right")  # over the labels, where there is room
