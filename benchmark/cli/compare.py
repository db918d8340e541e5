"""`segtransfer compare`: two entries, case by case."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

import benchmark
from benchmark.cli.terminal import console, print_text, settings
from benchmark.errors import CardError
from benchmark.views.text import TextTable, format_bounds


def compare(
    first: Annotated[
        str,
        typer.Argument(help="source, source/strategy/n8 or, with a lane, source/strategy/dpt/n8."),
    ],
    second: Annotated[str, typer.Argument(help="What it is compared with, written likewise.")],
    board: Annotated[
        str, typer.Option(help="Leaderboard folder or board (default: the one below runs/).")
    ] = "",
    target: Annotated[str | None, typer.Option(help="One target only.")] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Draw every case into this .svg or .png file.")
    ] = None,
    cases: Annotated[
        int, typer.Option(min=0, help="How many cases with the largest difference to list.")
    ] = 5,
) -> None:
    """Compare two entries case by case: paired differences with 95 % intervals."""
    store = benchmark.find_leaderboard(board or _only_run(), settings.workspace)
    comparisons = benchmark.compare_entries(store, first, second, target)
    for comparison in comparisons:
        _print_comparison(comparison, cases)
    if figure is not None:
        from benchmark.views.figures.frame import write_figure
        from benchmark.views.figures.pairs import paired_plot

        print_text(f"figure: {write_figure(paired_plot(comparisons).figure, figure)}")


def _only_run() -> str:
    """The one leaderboard folder below runs/.

    Raises:
        CardError: There is none, or several.
    """
    folders = sorted(path.parent for path in Path("runs").glob("*/board.yaml"))
    if len(folders) != 1:
        names = ", ".join(path.name for path in folders) or "no board"
        raise CardError(f"which board? runs/ holds {names}; add --board")
    return str(folders[0])


def _print_comparison(comparison: "benchmark.Comparison", count: int) -> None:
    from benchmark.views.footnotes import FEW

    first, second, metric = comparison.first, comparison.second, comparison.metric
    digits = ".2f" if metric.unit else ".4f"
    synthetic = ", SYNTHETIC" if comparison.synthetic else ""
    console.rule(escape(f"{first} against {second}: {comparison.target}{synthetic}"), align="left")
    subjects = len({case.subject for case in comparison.cases})
    print_text(
        f"{metric.title}, {subjects} subjects, {len(comparison.cases)} cases, "
        f"seeds {', '.join(map(str, comparison.seeds))}; positive: {first} is better"
    )
    for name, mean in (("subjects", comparison.subjects), ("cases", comparison.over_cases)):
        bounds = format_bounds(mean.low, mean.high, f"+{digits}")
        covers = f" {bounds}, 95 % over" if bounds else ", no interval:"
        value = f"{mean.value:+{digits}}{metric.unit_suffix}"
        print_text(f"mean over {name}: {value}{covers} {mean.covers}")
    if comparison.subjects.low is not None:
        print_text(
            f"P({first} is not better than {second}): {comparison.not_better:.3f}; differences of "
            f"{comparison.detectable:{digits}}{metric.unit_suffix} would be found in 80 % of boards"
        )
        if subjects < FEW:
            print_text(f"n < {FEW} test subjects: only large differences can be found")
    if comparison.group_a is not None:
        print_text(_candidates(comparison))
    counts = f"{comparison.better} better, {comparison.worse} worse, {comparison.equal} equal"
    print_text(
        f"subjects: {counts}",
        f"trust: {first} {comparison.trust[0]}, {second} {comparison.trust[1]}",
        *comparison.notes,
    )
    _print_cases(comparison, count, digits)


def _candidates(comparison: "benchmark.Comparison") -> str:
    """Group a in words, and which of the two entries is in it."""
    group, both = comparison.group_a or (), (comparison.first, comparison.second)
    inside = [str(name) for name in both if name in group]
    which = {0: "neither of the two", 1: f"of the two {''.join(inside)}", 2: "both"}[len(inside)]
    return (
        f"candidates for the best of their table (group a): {', '.join(map(str, group))}; {which}"
    )


def _print_cases(comparison: "benchmark.Comparison", count: int, digits: str) -> None:
    from benchmark.views.terminal import print_table

    columns = ["case", "subject", str(comparison.first), str(comparison.second), "difference"]
    rows = [
        [case.case, case.subject, f"{case.first:{digits}}", f"{case.second:{digits}}",
         f"{case.difference:+{digits}}", f"{case.low:+{digits}} to {case.high:+{digits}}"]
        for case in comparison.largest(count)
    ]  # fmt: skip
    if len(comparison.seeds) > 1:
        columns.append("over seeds")
    if rows:
        title = "Cases with the largest difference"
        print_table(TextTable(title, columns, [row[: len(columns)] for row in rows]), console)
