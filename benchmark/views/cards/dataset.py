"""The summary of a data set."""

import json
from collections.abc import Sequence

from benchmark.cards.dataset import DatasetCard
from benchmark.views.cards.here import dataset_is_here, how_to_get_data
from benchmark.views.cards.summary import CardSummary
from benchmark.views.text import listed
from benchmark.workspace import Workspace

ACCESS = {
    "open": "open",
    "account": "after registration with its host",
    "agreement": "after a data use agreement",
    "synthetic": "synthetic: generated when it is read",
}


def access_words(card: DatasetCard) -> str:
    """How one gets a data set."""
    fetched = f": `segtransfer data get {card.id}` fetches it" if card.can_be_downloaded else ""
    return ACCESS[card.access] + fetched


def dataset_summary(workspace: Workspace, card: DatasetCard) -> CardSummary:
    """Licence and access of a data set, whether it is here, and the targets posed on it."""
    registry = workspace.registry
    targets = [target.id for target in registry.targets.values() if target.dataset == card.id]
    sources = [
        source.id
        for source in registry.sources.values()
        if source.pretrain and source.pretrain.dataset == card.id
    ]
    here = dataset_is_here(workspace, card)
    facts: dict[str, Sequence[str]] = {
        "domain": [card.domain],
        "labels": [", ".join(card.labels) or "none"],
        "cases": _cases(card),
        "groups": [", ".join(card.groups)] if card.groups else [],
        "licence": [card.licence],
        "access": [access_words(card)],
        "to get it": [] if here else card.how_to_get,
        "here": _here(workspace, card) if here else ["not on this machine"],
        "home page": [card.homepage],
        "to cite": [card.citation],
        "targets": [listed(targets) or "none"],
        "pretrains": [listed(sources)] if sources else [],
        "issues": card.known_issues,
        "unverified": card.unverified,
    }
    commands = [f"segtransfer data preview {card.id}" if here else how_to_get_data(card)]
    return CardSummary("data set", card, facts, commands=commands)


def _cases(card: DatasetCard) -> list[str]:
    lines = [f"{card.expected_cases} cases"] if card.expected_cases else []
    lines += [f"part of: {card.part_of}"] if card.part_of else []
    return [*lines, f"split by {card.group_by}"]


def _here(workspace: Workspace, card: DatasetCard) -> Sequence[str]:
    """Where the registered copy is, and how much of the data set it holds."""
    path = workspace.local_copy_file(card.id)
    if not path.is_file():
        return ["generated when it is read"]
    copy = json.loads(path.read_bytes())
    return [f"{copy['cases']} cases of {copy['subjects']} subjects in {copy['root']}"]
