"""`segtransfer compare`: two entries, case by case."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from benchmark.cli.terminal import console, settings
from benchmark.errors import CardError

if TYPE_CHECKING:
    from benchmark.leaderboard.compare import Comparison


def compare(
    first: Annotated[str, typer.Argument(help="source, source/strategy or source/strategy/n8.")],
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
    from benchmark.leaderboard.compare import compare_entries
    from benchmark.leaderboard.folder import find_leaderboard

    store = find_leaderboard(board or _only_run(), settings.workspace)
    comparisons = compare_entries(store, first, second, target)
    for comparison in comparisons:
        _print_comparison(comparison, cases)
    if figure is not None:
        from benchmark.views.figures.frame import write_figure
        from benchmark.views.figures.pairs import paired_plot

        console.print(
            f"figure: {write_figure(paired_plot(comparisons).figure, figure)}", highlight=False
        )


def _only_run() -> str:
    """The one leaderboard folder below runs/.

    Raises:
        CardError: There is none, or several.
    """
    found = sorted(path.parent for path in Path("runs").glob("*/board.yaml"))
    if len(found) != 1:
        some = f"there are {', '.join(path.name for path in found)}" if found else "there is none"
        raise CardError(f"which board? {some} below runs/; add --board")
    return str(found[0])


def _print_comparison(found: "Comparison", count: int) -> None:
    metric = found.metric
    unit = metric.unit_suffix
    digits = ".2f" if metric.unit else ".4f"
    made = ", SYNTHETIC" if found.synthetic else ""
    console.rule(escape(f"{found.first} against {found.second}: {found.target}{made}"),
                 align="left")  # fmt: skip
    seeds = ", ".join(map(str, found.seeds))
    of = {case.subject for case in found.cases}
    console.print(
        f"{metric.title}, {len(of)} subjects, {len(found.cases)} cases, seeds {seeds}; positive: "
        f"{found.first} is better", highlight=False, markup=False,
    )  # fmt: skip
    for name, mean in (("subjects", found.subjects), ("cases", found.over_cases)):
        text = f"mean over {name}: {mean.value:+{digits}}{unit}"
        if mean.low is not None and mean.high is not None:
            text += f" [{mean.low:+{digits}}, {mean.high:+{digits}}], 95 % over {mean.covers}"
        else:
            text += f", no interval: {mean.covers}"
        console.print(text, highlight=False, markup=False)
    console.print(
        f"subjects: {found.better} better, {found.worse} worse, {found.equal} equal",
        highlight=False,
    )
    levels = ", ".join(f"{name} {level}" for name, level in
                       zip((found.first, found.second), found.trust, strict=True))  # fmt: skip
    console.print(f"trust: {levels}", highlight=False, markup=False)
    for note in found.notes:
        console.print(note, highlight=False, markup=False)
    _print_cases(found, count, digits)


def _print_cases(found: "Comparison", count: int, digits: str) -> None:
    shown = found.largest(count)
    if not shown:
        return
    several = len(found.seeds) > 1
    heads: Sequence[str] = ("case", "subject", str(found.first), str(found.second), "difference",
                            *(["over seeds"] if several else []))  # fmt: skip
    table = Table(*map(escape, heads), title="Cases with the largest difference", box=SIMPLE,
                  title_justify="left")  # fmt: skip
    for case in shown:
        values = [
            f"{case.first:{digits}}",
            f"{case.second:{digits}}",
            f"{case.difference:+{digits}}",
        ]
        span = [f"{case.low:+{digits}} to {case.high:+{digits}}"] if several else []
        table.add_row(escape(case.case), escape(case.subject), *values, *span)
    console.print(table)
