"""Checks of what a source card states about its pretraining data and its own facts."""

from benchmark.cards.source import UNKNOWN
from benchmark.errors import CardError
from benchmark.files import printable
from benchmark.planning.exposure import contamination, declared_exposure
from benchmark.sources.mini_board import MiniBoard
from benchmark.sources.report import Outcome


def check_contamination(board: MiniBoard) -> Outcome:
    """The pretraining data against every target of the registry."""
    registry = board.workspace.registry
    exposure = declared_exposure(board.source, registry)
    if not exposure:
        return Outcome(
            None,
            "the card names no pretraining data; if they are unknown: `saw: [{dataset: unknown, "
            "subjects: unknown}]`",
        )
    flagged = []
    for target in registry.targets.values():
        try:
            rows = registry.split(target.dataset)
        except CardError:  # a rule draws the split, or it was not drawn yet
            rows = ()
        if reasons := contamination(exposure, registry, target.dataset, rows):
            flagged.append(f"{target.id} ({'; '.join(reasons)})")
    total, hidden = len(registry.targets), [saw.dataset for saw in exposure if not saw.checkable]
    text = f"clean on all {total} targets"
    if flagged:
        text = f"{len(flagged)} of {total} targets are not clean: {'; '.join(flagged)}"
    elif hidden:
        text = f"no overlap with the {total} targets is known"
    if hidden:
        text += f"; cannot be checked: {', '.join(map(printable, hidden))}"
    registered = {*registry.datasets, UNKNOWN, *hidden}
    if others := [printable(saw.dataset) for saw in exposure if saw.dataset not in registered]:
        text += f"; compared by name only: {', '.join(others)}"
    return Outcome(None if flagged or hidden else True, text)


def check_unverified(board: MiniBoard) -> Outcome:
    """What the author of the card could not check."""
    return Outcome(
        None, "; ".join(map(printable, board.source.unverified)) or "the card names nothing"
    )
