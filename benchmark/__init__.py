"""segtransfer: how well does pretraining transfer to medical image segmentation?

The public interface. Each name is imported when it is first used, so that `import benchmark`
takes milliseconds and torch is imported only by what trains or loads weights.

    workspace = benchmark.Workspace.load()
    board = workspace.registry.board("quickstart_v2")
    store = benchmark.run_board(workspace, board)
    rows = benchmark.load_leaderboard(store.folder, workspace).rows
"""

from importlib import import_module
from typing import Any

PUBLIC = {
    "Advice": "leaderboard.advice",
    "AdviceQuestion": "leaderboard.advice",
    "BenchmarkError": "errors",
    "BoardView": "views.board",
    "Comparison": "leaderboard.comparison",
    "GridSelection": "planning.transfers",
    "Leaderboard": "leaderboard.build",
    "RayTask": "running.options",
    "RunMonitor": "running.options",
    "RunOptions": "running.options",
    "Store": "records.store",
    "Transfer": "planning.transfers",
    "Workspace": "workspace",
    "advise": "leaderboard.advice",
    "check_source": "sources.check",
    "compare_entries": "leaderboard.compare",
    "compare_with_published": "leaderboard.published",
    "find_leaderboard": "leaderboard.folder",
    "import_weights": "models.weight_store",
    "list_cards": "views.cards.lists",
    "load_leaderboard": "leaderboard.folder",
    "load_registry": "workspace",
    "merge_submission": "submission.merge",
    "pack_submission": "submission.write_pack",
    "plan": "planning.transfers",
    "run_board": "running.board",
    "run_board_sequences": "running.board",
    "summarise_cards": "views.cards.find",
    "verify_submission": "submission.verify",
}
__all__ = [*PUBLIC]


def __getattr__(name: str) -> Any:
    """Import a public name, or read the version, when it is first used."""
    if name == "__version__":
        from importlib.metadata import version

        return version("segtransfer")
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*PUBLIC, "__version__"])
