"""Score against cost with the Pareto front: size of the network, and fine-tuning time."""

from collections.abc import Mapping

from markupsafe import Markup

from benchmark.leaderboard.build import Leaderboard
from benchmark.leaderboard.index import EntryKey, Setting
from benchmark.leaderboard.rows import entries_of, main_metric
from benchmark.scoring.metrics import METRICS
from benchmark.views.figures import style
from benchmark.views.figures.costs import SUBJECT, CostPanel, cost_panels
from benchmark.views.figures.frame import shortened
from benchmark.views.figures.style import Look
from benchmark.views.page.charts import svg
from benchmark.views.page.charts.svg import Axis, Chart
from benchmark.views.text import TextTable, format_interval

COLUMNS = ("total_parameters", "fine_tuning_seconds")


def cost_chart(board: Leaderboard, setting: Setting) -> Chart | None:
    """The ranked entries of one setting; None where their costs do not differ."""
    rows = board.ranked_rows(setting)
    panels = [panel for panel in cost_panels(rows)[0] if panel.axis.column in COLUMNS]
    if not panels:
        return None
    known = style.looks(board, rows)
    entries = entries_of(rows)
    numbers = {entry: number for number, entry in enumerate(entries, start=1)}
    title = style.setting_heading(board, setting, SUBJECT)
    notes = [
        "Filled: on the Pareto front (no entry is at least as good and as cheap, and better in "
        "one); grey line: the best score for that much. Times are medians over the sources of one "
        "network and strategy, compared within one timing method only. Bars: "
        f"{style.interval_coverage(rows)}.",
        style.sign_note([known[entry].label for entry in entries]),
    ]
    drawings = [_panel(panel, known, numbers) for panel in panels]
    legend = [svg.legend_entry(known[entry], f"{numbers[entry]} ") for entry in entries]
    return Chart(title, [*filter(None, notes)], drawings, _table(title, panels, known), legend)


def _panel(
    panel: CostPanel, known: Mapping[EntryKey, Look], numbers: Mapping[EntryKey, int]
) -> Markup:
    rows = panel.rows
    x = Axis.around(rows["cost"], svg.LEFT + 6, svg.WIDTH - svg.RIGHT - 14, panel.log)
    y = svg.score_axis(rows)
    method = shortened(panel.method, 52) if panel.axis.method else "counted"
    parts = svg.frame(x, y, method, panel.axis.title, style.with_direction(main_metric(rows)))
    front = rows[rows["front"]].sort_values("cost")
    columns = (front[name].astype(float).tolist() for name in ("cost", "score"))
    first, *others = ((x.at(cost), y.at(score)) for cost, score in zip(*columns, strict=True))
    steps = "".join(f"H{px:.1f}V{py:.1f}" for px, py in others)
    line = f"M{first[0]:.1f} {first[1]:.1f}{steps}H{svg.WIDTH - svg.RIGHT}"
    parts.append(svg.path(line, "front"))
    for _, row in rows.iterrows():
        entry = row["source"], row["strategy"]
        px, py = x.at(row["cost"]), y.at(row["score"])
        low, high = y.at(float(row["low"])), y.at(float(row["high"]))
        parts += [
            svg.whisker(px, low, high, svg.colour(known[entry])),
            svg.marker(known[entry], px, py, filled=bool(row["front"])),
            svg.text(px + 7, py - 4, str(numbers[entry]), "tiny"),
        ]
    return svg.svg(svg.WIDTH, svg.HEIGHT, f"score against {panel.axis.title}, {method}", parts)


def _table(title: str, panels: list[CostPanel], known: Mapping[EntryKey, Look]) -> TextTable:
    rows = [
        [
            known[row["source"], row["strategy"]].label,
            panel.axis.title,
            panel.method,
            f"{row['cost']:.3g}",
            format_interval(row["score"], row["low"], row["high"],
                            METRICS[row["main_metric"]].number_format),
            "yes" if row["front"] else "no",
        ]
        for panel in panels
        for _, row in panel.rows.iterrows()
    ]  # fmt: skip
    heads = ["entry", "cost", "measured by", "value", "score [95 %]", "on the front"]
    return TextTable(f"{title}, table", heads, rows)
