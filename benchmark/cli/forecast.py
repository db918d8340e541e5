"""`segtransfer forecast`: transferability scores of sources, without fine-tuning."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import benchmark
from benchmark.cli.options import Device, Threads, names
from benchmark.cli.terminal import console, print_text, settings, stages
from benchmark.errors import CardError, DataError, unknown_name

if TYPE_CHECKING:
    from benchmark.cards.board import BoardCard
    from benchmark.forecast.measured import Against


def forecast(
    target: Annotated[
        str, typer.Option(help="Comma-separated; any target task (default: those of the board).")
    ] = "",
    sources: Annotated[
        str, typer.Option(help="Comma-separated; any source card (default: those of the board).")
    ] = "",
    board: Annotated[
        str, typer.Option(help="Its protocol sets the input size and the networks.")
    ] = "real_v2",
    out: Annotated[
        Path | None,
        typer.Option(help="Keep the forecasts in this JSON file, added to what it has."),
    ] = None,
    validate: Annotated[
        bool,
        typer.Option("--validate", help="Compare the board's kept forecasts with its records."),
    ] = False,
    lane: Annotated[
        str, typer.Option(help="With --validate: lane of the gains (default: the board's first).")
    ] = "",
    scores: Annotated[
        bool, typer.Option("--scores", help="With --validate: scores in place of gains.")
    ] = False,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Forecast which sources transfer well to a target: LogME, H-score, GBC and CC-FV.

    From features of the frozen encoder at labelled pixels of the training cases; seconds a source,
    nothing is fine-tuned. A forecast is no measurement: see docs/forecast.md.

    With --validate nothing is computed from images: Kendall's tau of each score with the measured
    gains, beside trivial forecasts, from leaderboards/BOARD/forecast.json (or --out).
    """
    card = settings.workspace.registry.board(board)
    if validate:
        _validate(card, out, lane, "score" if scores else "gain")
    else:
        _forecast(card, names(target) or card.targets, names(sources), out, device, threads)


def _forecast(
    board: "BoardCard",
    targets: tuple[str, ...],
    sources: tuple[str, ...],
    out: Path | None,
    device: str,
    threads: int | None,
) -> None:
    """Make, print and keep forecasts; a target without local data is named and left out."""
    from benchmark.forecast.forecasts import no_forecasts, read_forecasts, write_forecasts
    from benchmark.forecast.make import forecast_target
    from benchmark.forecast.report import NO_MEASUREMENT, forecast_table
    from benchmark.running.devices import choose_device, set_threads
    from benchmark.views.terminal import print_table

    set_threads(threads)
    kept = read_forecasts(out, board) if out and out.exists() else no_forecasts(board)
    missing: dict[str, DataError] = {}
    for name in targets:
        with stages(f"forecasting {name}") as show:
            try:
                made, why_not = forecast_target(
                    settings.workspace, board, name, sources or board.sources,
                    choose_device(device), show,
                )  # fmt: skip
            except DataError as error:
                missing[name] = error
                continue
        print_table(forecast_table(made), console)
        _print_missing(why_not)
        kept = kept.joined(made)
        if out:
            write_forecasts(out, kept)
    if len(missing) == len(targets):
        raise next(iter(missing.values()))
    _print_missing(missing)
    print_text(NO_MEASUREMENT, *([f"kept: {out}"] if out else []))


def _print_missing(why_not: Mapping[str, object]) -> None:
    for name, reason in why_not.items():
        print_text(f"not forecast: {name}: {reason}")


def _validate(board: "BoardCard", file: Path | None, lane: str, against: "Against") -> None:
    """Print how kept forecasts agree with the board's gains."""
    from benchmark.forecast.forecasts import FILE, read_forecasts
    from benchmark.forecast.report import validation_lines
    from benchmark.forecast.validate import validate

    workspace = settings.workspace
    path = file or workspace.registry.folders[board.id] / FILE
    if not path.is_file():
        command = f"segtransfer forecast --board {board.id} --out {path}"
        raise CardError(f"{path}: no kept forecasts; type `{command}`")
    chosen = next((known for known in board.lanes if known == lane), None)
    if lane and chosen is None:
        raise CardError(f"board {board.id}: {unknown_name('lane', lane, board.lanes)}")
    leaderboard = benchmark.load_leaderboard(board.id, workspace, clean=True)
    kept = read_forecasts(path, board)
    print_text(*validation_lines(validate(kept, leaderboard, chosen, against)))
