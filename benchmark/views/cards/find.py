"""The summaries of all cards with one id."""

from benchmark.errors import CardError, unknown_name
from benchmark.views.cards.board import board_summary
from benchmark.views.cards.dataset import dataset_summary
from benchmark.views.cards.source import source_summary
from benchmark.views.cards.summary import CardSummary
from benchmark.views.cards.target import target_summary
from benchmark.workspace import Workspace


def summarise_cards(workspace: Workspace, name: str) -> list[CardSummary]:
    """The summary of every card with this id: a board, a source, a target, a data set.

    `SOURCE@NETWORK` is a source on another network.

    Raises:
        CardError: No card has it.
    """
    registry = workspace.registry
    summaries = []
    if name in registry.boards:
        summaries.append(board_summary(workspace, registry.boards[name]))
    if name in registry.sources or "@" in name:
        summaries.append(source_summary(workspace, registry.source(name)))
    if name in registry.targets:
        summaries.append(target_summary(workspace, registry.targets[name]))
    if name in registry.datasets:
        summaries.append(dataset_summary(workspace, registry.datasets[name]))
    if not summaries:
        known = [card.id for _, card in registry.cards()]
        raise CardError(unknown_name("card", name, known) + " `segtransfer list` shows all.")
    return summaries
