"""Quality against cost: one panel a cost and timing method, with the Pareto front in each."""

from dataclasses import dataclass, replace

import pandas as pd

from benchmark.leaderboard.build import Leaderboard
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.pareto import pareto_front
from benchmark.views.figures.layout import finish, key, panels, wrapped
from benchmark.views.figures.style import (
    Drawing,
    Entry,
    LeftOut,
    Setting,
    covered,
    drawing_rules,
    heading,
    looks,
    sign_note,
    size_name,
    with_direction,
)


@dataclass(frozen=True)
class Cost:
    """A column of costs.

    Attributes:
        column: Its name.
        title: With unit.
        scale: What a value is divided by.
        method: Column that says how it was measured; "" for what is counted.
    """

    column: str
    title: str
    scale: float
    method: str = ""


COSTS = (
    Cost("trainable_parameters", "trainable parameters [million]", 1e6),
    Cost("total_parameters", "all parameters [million]", 1e6),
    Cost("training_gflop", "training operations [TFLOP]", 1e3),
    Cost("fine_tuning_seconds", "fine-tuning time [s]", 1.0, "timing"),
    Cost("peak_memory_mib", "peak memory [MiB]", 1.0, "timing"),
    Cost("energy_joules", "energy [J]", 1.0, "energy_method"),
)


def cost_fronts(board: Leaderboard, place: Setting) -> Drawing | LeftOut:
    """Mean score of one target and size against every cost in which entries differ."""
    target, size = place
    name = f"pareto_{target}_{f'n{size}' if size else 'nall'}"
    rows = board.rows[(board.rows["target"] == target) & (board.rows["train_subjects"] == size)]
    rows = rows[rows["rank"].notna()]
    if len(rows) < 2:
        return LeftOut(name, "a front needs two or more ranked entries")
    shown, same = [], []
    for cost in COSTS:
        if cost.column not in rows or cost.method not in ("", *rows):
            continue
        methods = rows[cost.method] if cost.method else pd.Series("counted", rows.index)
        for method, part in rows.assign(method=methods).groupby("method", sort=True):
            part = part[part[cost.column].notna()]
            if len(part) > 1 and part[cost.column].nunique() > 1:
                shown.append((cost, str(method), part))
            elif len(part):
                same.append(cost.title.split(" [")[0])
    if not shown:
        return LeftOut(name, "all entries cost the same, or one a timing method")
    with drawing_rules():
        return _draw(board, name, place, shown, list(dict.fromkeys(same)))


def _draw(
    board: Leaderboard,
    name: str,
    place: Setting,
    shown: list[tuple[Cost, str, pd.DataFrame]],
    same: list[str],
) -> Drawing:
    rows = pd.concat([part for *_, part in shown])
    known = looks(board, rows)
    entries: list[Entry] = list(dict.fromkeys(zip(rows["source"], rows["strategy"], strict=True)))
    metric = METRICS[str(shown[0][2]["main_metric"].iloc[0])]
    figure, axes = panels(len(shown))
    for one, (cost, method, part) in zip(axes, shown, strict=True):
        table = part.assign(cost=part[cost.column] / cost.scale)
        front = pareto_front(table, "score", "cost", "method", metric.higher_is_better)
        best = table[front].sort_values("cost")
        one.step(
            best["cost"], best["score"], where="post", color="#999999", linewidth=1.1, zorder=1
        )
        for (_, row), chosen in zip(table.iterrows(), front, strict=True):
            look = known[row["source"], row["strategy"]]
            if pd.notna(row["low"]):
                one.plot(
                    [row["cost"]] * 2, [row["low"], row["high"]], color=look.colour, linewidth=0.8
                )
            one.scatter(
                row["cost"], row["score"], s=30, marker=look.marker, edgecolors=look.colour,
                facecolors=look.colour if chosen else "white", linewidths=1, zorder=3,
            )  # fmt: skip
            one.annotate(
                str(entries.index((row["source"], row["strategy"])) + 1),
                (row["cost"], row["score"]), (4, 3), textcoords="offset points", fontsize=6,
            )  # fmt: skip
        if table["cost"].max() > 20 * table["cost"].min() > 0:
            one.set_xscale("log")
            one.xaxis.set_major_formatter("{x:g}")
        one.set_xlabel(cost.title)
        one.set_ylabel(with_direction(metric))
        if cost.method:
            one.set_title(wrapped(method, 44), fontsize=7)
    labels = [known[entry].label for entry in entries]
    alike = f" The same for all entries or known of one: {', '.join(same)}." if same else ""
    notes = [
        "Numbers: see the legend. Filled: on the Pareto front (no entry is at least as good and "
        "as cheap, and better in one); grey line: the best score for that much. Times, memory "
        f"and energy are compared within one timing method only. Bars: {covered(rows)}.{alike}",
        sign_note(labels),
    ]
    legend = [
        key(replace(known[entry], label=f"{number} {known[entry].label}"), line=False)
        for number, entry in enumerate(entries, start=1)
    ]
    title = heading(board, f"{place[0]}, quality against cost, {size_name(place[1])}")
    finish(figure, title, notes, legend)
    return Drawing(name, title, figure)
