"""`segtransfer demo`: the smallest board, end to end."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.run import run_selection
from benchmark.cli.terminal import settings
from benchmark.workers import cores

MOST_JOBS = 4


def demo(
    out: Annotated[Path, typer.Option(help="Leaderboard folder.")] = Path("runs/demo_v1"),
) -> None:
    """Offline and synthetic: pretrain two sources on phantoms, fine-tune, score, rank."""
    from benchmark.planning.transfers import GridSelection
    from benchmark.running.session import RunOptions

    workspace = settings.workspace
    options = RunOptions(device="cpu", jobs=min(MOST_JOBS, cores()))
    run_selection(workspace, workspace.registry.board("demo_v1"), GridSelection(), out, options)
