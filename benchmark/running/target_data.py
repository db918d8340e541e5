"""The data of a cell's target task, resolved on this machine and prepared for a network."""

from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.data.prepared_arrays import PreparedDataset, prepare
from benchmark.data.preprocessing import Preprocessing
from benchmark.data.resolve import ResolvedDataset, resolve_target
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


def load_target(
    transfer: Transfer, workspace: Workspace, progress: Progress = no_progress
) -> TargetData:
    """Resolve and prepare the data of a cell's target task.

    Raises:
        DataError: They are not on this machine, or are not what the cards state.
    """
    board = workspace.registry.board(transfer.cell.board)
    dataset = resolve_target(workspace, transfer.target, legacy=board.legacy)
    if dataset.fingerprint != transfer.fingerprints.data:
        raise DataError(
            f"{dataset.card.id}: its files on {HOST} are not those that the cell was planned with; "
            "type `segtransfer data import` for the same files there, then the same command"
        )
    prepared = prepare_target(transfer, dataset, workspace.prepared, progress)
    return TargetData(transfer, board, dataset, prepared)


def prepare_target(
    transfer: Transfer, dataset: ResolvedDataset, folder: Path, progress: Progress
) -> PreparedDataset:
    """Arrays of the cases as the cell's target and protocol ask for, kept below `folder`."""
    protocol = transfer.protocol
    preprocessing = Preprocessing.of_target(transfer.target, protocol.input_size, protocol.fit)
    cases = dataset.cases.values()
    return prepare(dataset.card, cases, dataset.fingerprint, preprocessing, folder, progress)
