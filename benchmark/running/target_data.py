"""The data of a cell's target task, resolved on this machine and prepared for a network."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmark.cards.board import BoardCard
from benchmark.cards.target import TargetCard
from benchmark.data.layouts.registry import load_case
from benchmark.data.prepared_arrays import PreparedDataset, prepare
from benchmark.data.preprocessing import Preprocessing, merge_labels
from benchmark.data.resolve import ResolvedDataset, label_not_tested, resolve_target
from benchmark.errors import DataError
from benchmark.owners import HOST
from benchmark.planning.transfers import Transfer, nested_subjects
from benchmark.training.batches import TrainingSet
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace


@dataclass(frozen=True)
class TargetData:
    """The data of a cell's target task: resolved on this machine and prepared for a network."""

    transfer: Transfer
    board: BoardCard
    dataset: ResolvedDataset
    prepared: PreparedDataset

    @property
    def folds(self) -> tuple["TargetData", ...]:
        """One per fold of a cross-validated target; itself alone for any other."""
        folds = self.dataset.folds(self.transfer.target)
        return tuple(replace(self, dataset=dataset) for dataset in folds)

    @property
    def training_set(self) -> TrainingSet:
        """Training cases of the cell's nested subset of subjects, and all validation cases."""
        names, cases = self.dataset.names, self.dataset.cases
        size = self.transfer.cell.train_subjects
        subjects = set(nested_subjects(self.dataset.local_rows, size))
        train = [name for name in names("train") if cases[name].subject in subjects]
        return TrainingSet(self.prepared, train, names("val"))

    @property
    def unseen_labels(self) -> tuple[str, ...]:
        """Labels that no image has which a network is trained on, or selected with."""
        cases = {"training": self.training_set.train}
        if self.transfer.protocol.checkpoint == "best_validation_dice":
            cases["validation"] = self.training_set.val
        labels = tuple(self.transfer.target.labels)
        return tuple(
            f"{labels[number - 1]} in {subset}"
            for subset, names in cases.items()
            for number in self.prepared.labels_without(names, len(labels))
        )


def load_target(
    transfer: Transfer, workspace: Workspace, progress: Progress = no_progress
) -> TargetData:
    """Resolve and prepare the data of a cell's target task.

    Raises:
        DataError: They are not on this machine, or are not what the cards state, or no test case
            has one of the labels.
    """
    board = workspace.registry.board(transfer.cell.board)
    dataset = resolve_target(workspace, transfer.target, legacy=board.legacy)
    if dataset.fingerprint != transfer.fingerprints.data:
        raise DataError(
            f"{dataset.card.id}: its files on {HOST} are not those that the cell was planned with; "
            "type `segtransfer data import` for the same files there, then the same command"
        )
    prepared = prepare_target(transfer, dataset, workspace.prepared, progress)
    _check_test_labels(transfer.target, dataset, prepared)
    return TargetData(transfer, board, dataset, prepared)


def _check_test_labels(
    target: TargetCard, dataset: ResolvedDataset, prepared: PreparedDataset
) -> None:
    """Refuse a label that no test case has, also where cases were not counted: of phantoms, say.

    A structure that is lost at the network's resolution is looked for in the native masks.
    """
    names, labels = dataset.names("test"), tuple(target.labels)
    absent, how = prepared.labels_without(names, len(labels)), Preprocessing.of_target(target)
    for case in names if absent else ():
        mask = load_case(dataset.card, dataset.cases[case]).mask
        found = np.unique(merge_labels(mask, dataset.card, how))
        absent = [number for number in absent if number not in found]
    if absent:
        raise label_not_tested(target, labels[absent[0] - 1])


def prepare_target(
    transfer: Transfer, dataset: ResolvedDataset, folder: Path, progress: Progress
) -> PreparedDataset:
    """Arrays of the cases as the cell's target and protocol ask for, kept below `folder`."""
    protocol = transfer.protocol
    preprocessing = Preprocessing.of_target(transfer.target, protocol.input_size, protocol.fit)
    cases = dataset.cases.values()
    return prepare(dataset.card, cases, dataset.fingerprint, preprocessing, folder, progress)
