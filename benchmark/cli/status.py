"""`segtransfer status`: how far a grid is, on whatever machines it is run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmark.cli.terminal import print_json, print_text, settings
from benchmark.views.text import counted, duration

if TYPE_CHECKING:
    from benchmark.running.status import RunStatus

MOST = 12  # lines of each kind, without --json


def status(
    board: Annotated[str, typer.Argument(help="A leaderboard folder, or a board's id.")],
    json: Annotated[bool, typer.Option("--json", help="As JSON, with every cell.")] = False,
) -> None:
    """Show what of a board is done, is being run and by whom, failed, and is missing.

    Read from the folder alone, also while other machines work on it. The time that remains is
    that of the measured cells, one after the other, and divided by the number that is being run.
    """
    from benchmark.running.status import run_status

    workspace = settings.workspace
    state = run_status(workspace, workspace.leaderboard_folder(board))
    if json:
        print_json(_plain(state))
    else:
        _print(state)


def _plain(state: "RunStatus") -> dict[str, Any]:
    return vars(state) | {
        "running": [claim._asdict() for claim in state.running],
        "errors": [error.model_dump(exclude={"schema_version"}) for error in state.errors],
    }


def _print(state: "RunStatus") -> None:
    total = len(state.done) + len(state.missing)
    beyond = f"; {counted(state.beyond, 'other record')}" if state.beyond else ""
    print_text(
        f"{state.board}: {len(state.done)} of {counted(total, state.unit)} done, "
        f"{len(state.running)} running, {len(state.missing)} missing{beyond}, in {state.folder}"
    )
    _list(
        "running",
        [f"{claim.name}: on {claim.host}, process {claim.process}, for {duration(claim.seconds)}"
         for claim in state.running],
    )  # fmt: skip
    _list("diverged; run again with --retry-failed", state.failed)
    _list(
        "could not be run; the same command runs it again",
        [f"{error.name}: on {error.host}: {error.error}" for error in state.errors],
    )
    if state.missing:
        print_text(_remaining(state))


def _remaining(state: "RunStatus") -> str:
    seconds, running = state.remaining_seconds, len(state.running)
    if seconds is None:
        return f"remaining time: not known; no {state.unit} has been measured"
    together = f", {duration(seconds / running)} with {running} at a time" if running > 1 else ""
    return (
        f"remaining time: about {duration(seconds)} one after the other{together} "
        f"(by {counted(state.measured, 'record')})"
    )


def _list(title: str, lines: Sequence[str]) -> None:
    if lines:
        more = len(lines) - MOST
        print_text(f"{len(lines)} {title}:", *(f"  {line}" for line in lines[:MOST]),
                   *([f"  and {more} more; --json names all"] if more > 0 else []))  # fmt: skip
