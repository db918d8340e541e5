"""What a record says besides scores: source, coverage, how weights were chosen, environment."""

import platform

import torch

from benchmark import __version__
from benchmark.planning.source_weights import pretraining_items
from benchmark.planning.transfers import Transfer
from benchmark.records.record import Environment, Selection, SourceFacts
from benchmark.training.fine_tuning import FineTuned
from benchmark.workspace import Workspace


def source_facts(transfer: Transfer, workspace: Workspace) -> SourceFacts:
    """What the table says of the source."""
    board = workspace.registry.board(transfer.cell.board)
    return SourceFacts(
        title=transfer.source.title,
        domain=transfer.source.domain,
        task=transfer.source.task,
        encoder=transfer.encoder,
        pretraining_items=pretraining_items(workspace, board, transfer.source),
    )


def selection(tuned: FineTuned, subjects: set[str]) -> Selection:
    """How the scored weights were chosen, and from whom they learned."""
    return Selection(
        learning_rate=tuned.learning_rate,
        step=tuned.step,
        validation_dice=tuned.validation_dice,
        curve=tuned.curve,
        train_subjects=tuple(sorted(subjects)),
    )


def environment(device: torch.device) -> Environment:
    """Software and hardware of this process."""
    return Environment(
        segtransfer=__version__,
        python=platform.python_version(),
        torch=torch.__version__,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        threads=torch.get_num_threads(),
    )
