"""The summary of a source task."""

from collections.abc import Iterable, Iterator, Sequence

from benchmark.cards.lanes import encoder_lane
from benchmark.cards.registry import Registry
from benchmark.cards.source import SourceCard, WeightsFile
from benchmark.planning.exposure import contamination, declared_exposure
from benchmark.views.cards.here import how_to_get_weights, weights_are_here
from benchmark.views.cards.results import board_results, result_lines
from benchmark.views.cards.summary import CardSummary
from benchmark.views.text import listed
from benchmark.workspace import Workspace

COMMERCIAL_USE = {True: "yes", False: "no", None: "not stated"}


def source_summary(workspace: Workspace, card: SourceCard) -> CardSummary:
    """What a source learned from what, its network and weights, and its results."""
    every = board_results(workspace)
    boards = [r.board.id for r in every if card.id in without_networks(r.board.sources)]
    facts = source_facts(workspace.registry, card)
    if card.provides != "nothing":
        here = weights_are_here(workspace, card)
        facts["weights"] = [*facts["weights"], f"{'' if here else 'not '}on this machine"]
    facts |= {
        "boards": [listed(boards) or "none"],
        "results": result_lines(every, card.id) or ["none yet"],
    }
    return CardSummary("source", card, facts, commands=[*_commands(workspace, card, boards)])


def source_facts(registry: Registry, card: SourceCard) -> dict[str, Sequence[str]]:
    """What the card states, the same on every machine: lines of text by what they are about."""
    licence, commercial_use = terms_of_use(registry, card)
    return {
        "learned": [_learned(card)],
        "saw": _saw(registry, card),
        "network": [_network(card)],
        "input": [_input(card)],
        "weights": _weights(card),
        "licence": [licence],
        "commercial use": [commercial_use],
        "to cite": [card.citation],
        "unverified": card.unverified,
        "contaminated": [*_contaminated(registry, card)] or ["no target, by what the cards state"],
    }


def terms_of_use(registry: Registry, card: SourceCard) -> tuple[str, str]:
    """Licence of the weights, and whether it allows commercial use; in words.

    For a pretraining of this suite, the licence is that of the images it learns from. Both are
    empty where there are no weights.
    """
    if card.weights:
        return card.weights.licence, COMMERCIAL_USE[card.weights.commercial_use]
    if card.pretrain is None:
        return "", ""
    data = registry.datasets.get(card.pretrain.dataset)
    return f"images: {data.licence}" if data else "not stated", COMMERCIAL_USE[None]


def without_networks(sources: Iterable[str]) -> set[str]:
    """Names of sources, and of each `SOURCE@NETWORK` that of the source too."""
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


def _saw(registry: Registry, card: SourceCard) -> list[str]:
    lines = ["no data set is named on the card"] if card.weights and not card.saw else []
    for seen in declared_exposure(card, registry):
        subjects = seen.subjects
        whom = f"{len(subjects)} by name" if isinstance(subjects, tuple) else subjects
        note = ""
        if not seen.checkable:
            note = "; cannot be checked: nobody outside can compare these data with a target's"
        elif seen.dataset not in registry.datasets:
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


def _weights(card: SourceCard) -> list[str]:
    if (weights := card.weights) is None:
        return []
    hashed = f", SHA-256 {weights.sha256}" if weights.sha256 else ""
    return [f"{weights.file}{hashed}{_origin(weights)}"]


def _origin(weights: WeightsFile) -> str:
    if weights.package is not None:
        return f", from the Python package {weights.package.name} {weights.package.version}"
    if weights.hub is not None:
        return f", from Hugging Face {weights.hub.repo}"
    return f", from {weights.url}" if weights.url else ""


def _contaminated(registry: Registry, card: SourceCard) -> Iterator[str]:
    """Each target whose data the source saw, and why."""
    exposure = declared_exposure(card, registry)
    for target in registry.targets.values():
        for reason in contamination(exposure, registry, target.dataset):
            yield f"{target.id}: {reason}"


def _commands(workspace: Workspace, card: SourceCard, boards: Sequence[str]) -> Iterator[str]:
    if not weights_are_here(workspace, card):
        yield from how_to_get_weights(card)
    if card.provides != "nothing":
        yield f"segtransfer run {[*boards, 'quickstart_v2'][0]} --source {card.id}"
