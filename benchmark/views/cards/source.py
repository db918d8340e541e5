"""The summary of a source task."""

from collections.abc import Iterable, Iterator, Sequence

from benchmark.cards.lanes import encoder_lane
from benchmark.cards.source import SourceCard, WeightsFile
from benchmark.planning.exposure import contamination, declared_exposure
from benchmark.views.cards.here import how_to_get_weights, weights_are_here
from benchmark.views.cards.results import board_results, result_lines
from benchmark.views.cards.summary import CardSummary, shortened
from benchmark.workspace import Workspace


def source_summary(workspace: Workspace, card: SourceCard) -> CardSummary:
    """What a source learned from what, its network and weights, and its results."""
    every = board_results(workspace)
    boards = [r.board.id for r in every if card.id in _without_networks(r.board.sources)]
    found = result_lines(every, card.id)
    facts: dict[str, Sequence[str]] = {
        "learned": [_learned(card)],
        "saw": _saw(workspace, card),
        "network": [_network(card)],
        "input": [_input(card)],
        "weights": _weights(workspace, card),
        "to cite": [card.citation],
        "unverified": card.unverified,
        "boards": [shortened(boards) or "none"],
        "results": found or ["none yet"],
        "contaminated": [*_contaminated(workspace, card)] or ["no target, by what the cards state"],
    }
    return CardSummary("source", card, facts, commands=[*_commands(workspace, card, boards)])


def _without_networks(sources: Iterable[str]) -> set[str]:
    return {name for source in sources for name in (source, source.partition("@")[0])}


def _learned(card: SourceCard) -> str:
    if card.provides == "nothing":
        return "nothing: the network starts from random values"
    synthetic = "synthetic " if card.synthetic else ""
    text = f"{card.task.replace('_', '-')} on {synthetic}images of the domain {card.domain}"
    if recipe := card.pretrain:
        text += (
            f"; pretrained in this suite: {recipe.objective}, {recipe.steps} steps of "
            f"{recipe.batch_size} images of {recipe.input_size} x {recipe.input_size} pixels"
        )
    return text


def _saw(workspace: Workspace, card: SourceCard) -> list[str]:
    lines = []
    for seen in declared_exposure(card, workspace.registry):
        subjects = seen.subjects
        whom = f"{len(subjects)} by name" if isinstance(subjects, tuple) else subjects
        note = ""
        if not seen.checkable:
            note = "; cannot be checked: nobody outside can compare these data with a target's"
        elif seen.dataset not in workspace.registry.datasets:
            note = " (no card of that data set: compared by name only)"
        lines.append(f"{seen.dataset}, subjects: {whom}{note}")
    if card.pretrain and card.pretrain.max_items:
        lines.append(f"at most {card.pretrain.max_items} images")
    return lines


def _network(card: SourceCard) -> str:
    network = "that of the board"
    if card.encoder is not None:
        network = f"{card.encoder}, lanes {encoder_lane(card.encoder)} and linear"
    if card.provides == "nothing":
        return network
    return f"{network}; the source provides its {card.provides.replace('_', ' and ')}"


def _input(card: SourceCard) -> str:
    channels = "1 channel" if card.input.channels == 1 else f"{card.input.channels} channels"
    mean, std = (
        ", ".join(f"{v:g}" for v in values) for values in (card.input.mean, card.input.std)
    )
    return f"{channels} in [0, 1], mean {mean}, standard deviation {std}"


def _weights(workspace: Workspace, card: SourceCard) -> list[str]:
    if card.provides == "nothing":
        return []
    lines = []
    if (weights := card.weights) is not None:
        hashed = f", SHA-256 {weights.sha256}" if weights.sha256 else ""
        use = {True: "; commercial use allowed", False: "; no commercial use", None: ""}
        lines += [f"{weights.file}{hashed}{_origin(weights)}"]
        lines += [f"licence: {weights.licence}{use[weights.commercial_use]}"]
    here = weights_are_here(workspace, card)
    return [*lines, f"{'' if here else 'not '}on this machine"]


def _origin(weights: WeightsFile) -> str:
    if weights.package is not None:
        return f", from the Python package {weights.package.name} {weights.package.version}"
    if weights.hub is not None:
        return f", from Hugging Face {weights.hub.repo}"
    return f", from {weights.url}" if weights.url else ""


def _contaminated(workspace: Workspace, card: SourceCard) -> Iterator[str]:
    """Each target whose data the source saw, and why."""
    registry = workspace.registry
    exposure = declared_exposure(card, registry)
    for target in registry.targets.values():
        for reason in contamination(exposure, registry, target.dataset):
            yield f"{target.id}: {reason}"


def _commands(workspace: Workspace, card: SourceCard, boards: Sequence[str]) -> Iterator[str]:
    if not weights_are_here(workspace, card):
        yield from how_to_get_weights(card)
    if card.provides != "nothing":
        yield f"segtransfer run {[*boards, 'quickstart_v1'][0]} --source {card.id}"
