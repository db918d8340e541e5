"""`segtransfer demo`: the smallest board, end to end."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.leaderboard import print_board
from benchmark.cli.terminal import settings
from benchmark.workers import cores

MOST_JOBS = 4


def demo(
    out: Annotated[Path, typer.Option(help="Leaderboard folder.")] = Path("runs/demo_v1"),
) -> None:
    """Offline and synthetic: pretrain two sources on phantoms, fine-tune, score, rank."""
    from benchmark.cli.monitor import TerminalMonitor
    from benchmark.running.board import RunOptions, run_board

    workspace = settings.workspace
    options = RunOptions(device="cpu", jobs=min(MOST_JOBS, cores()))
    board = workspace.registry.board("demo_v1")
    store = run_board(workspace, board, folder=out, options=options, monitor=TerminalMonitor())
    print_board(store, workspace)
