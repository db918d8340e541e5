"""A cell before fine-tuning: its network built from the seed and loaded from the source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch

from benchmark.errors import ProtocolError
from benchmark.models.checkpoints.convert import encoder_tensors
from benchmark.models.freezing import apply_strategy
from benchmark.models.low_rank import add_low_rank
from benchmark.models.networks import SegmentationNetwork, build_network, set_norm_momentum
from benchmark.models.weights import load_part, read_tensors
from benchmark.planning.source_weights import SourceWeights, source_weights
from benchmark.planning.transfers import Transfer
from benchmark.records.record import Coverage, Marks, Selection, SourceFacts
from benchmark.running.target_data import TargetData
from benchmark.training.batches import TrainingSet
from benchmark.training.fine_tuning import fine_tune
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace


@dataclass(frozen=True)
class Setup:
    """A cell before fine-tuning.

    Attributes:
        data: Of the target task.
        network: With the weights of the source.
        coverage: Which tensors came from the source; None for a source without weights.
        source: Description of the source for the record.
    """

    data: TargetData
    network: SegmentationNetwork
    coverage: Coverage | None
    source: SourceFacts

    def marks(self, planned: Marks, trained_on: Iterable[TargetData]) -> Marks:
        """The marks of the plan, whether the weights covered the network only in part, and labels.

        Those are of each fold, or of each device of a sequence, that a network is trained on.
        """
        partial = self.coverage is not None and not self.coverage.complete
        unseen = dict.fromkeys(label for data in trained_on for label in data.unseen_labels)
        found = {"partial_weights": partial, "unseen_labels": tuple(unseen)}
        return planned.model_copy(update=found)

    def fine_tune(
        self, training_set: TrainingSet | None = None, progress: Progress = no_progress
    ) -> tuple[Selection, int]:
        """Fine-tune the network in place, on the cell's training set unless another is given.

        Returns:
            How the weights were selected, and the number of optimiser steps.
        """
        transfer = self.data.transfer
        return fine_tune(
            self.network,
            transfer.strategy,
            self.data.training_set if training_set is None else training_set,
            transfer.protocol,
            flips=transfer.target.flips,
            seed=transfer.cell.seed,
            progress=progress,
        )


def set_up(
    data: TargetData, workspace: Workspace, device: torch.device, *, allow_partial: bool = False
) -> Setup:
    """Build the network of a cell from its seed and load the source.

    Args:
        data: Of the cell's target task.
        workspace: All cards and weights.
        device: Where the network is trained.
        allow_partial: Admit weights that do not cover the network.

    Raises:
        BenchmarkError: Weights or protocol are not what the cards state.
    """
    transfer = data.transfer
    network = initial_network(transfer, device)
    weights = source_weights(workspace, data.board, transfer.source)
    coverage = load_source(network, transfer, weights, allow_partial=allow_partial)
    insert_updates(network, transfer)
    source = SourceFacts(
        title=transfer.source.title,
        domain=transfer.source.domain,
        task=transfer.source.task,
        encoder=transfer.encoder,
        pretraining_items=weights.pretraining_items,
    )
    return Setup(data, network, coverage, source)


def initial_network(transfer: Transfer, device: torch.device) -> SegmentationNetwork:
    """The network of a cell, initialised from its seed; outputs are background and labels.

    Raises:
        ProtocolError: The protocol has one sigmoid output, but the target has several labels.
    """
    protocol, statistics = transfer.protocol, transfer.source.input
    plain, sigmoid = protocol.normalisation == "none", protocol.outputs == "sigmoid"
    if sigmoid and (labels := len(transfer.target.labels)) != 1:
        raise ProtocolError(
            f"outputs: sigmoid is for one label, {transfer.target.id} has {labels}; "
            "use another board or another target"
        )
    torch.manual_seed(transfer.cell.seed)
    network = build_network(
        transfer.encoder,
        channels=statistics.channels,
        classes=1 if sigmoid else len(transfer.target.labels) + 1,
        input_size=protocol.input_size,
        decoder=transfer.decoder,
        normalisation_mean=(0.0,) * statistics.channels if plain else statistics.mean,
        normalisation_std=(1.0,) * statistics.channels if plain else statistics.std,
        sigmoid=sigmoid,
    )
    if protocol.version > 1:
        set_norm_momentum(network)
    return network.to(device)


def load_source(
    network: SegmentationNetwork,
    transfer: Transfer,
    weights: SourceWeights,
    *,
    allow_partial: bool = False,
) -> Coverage | None:
    """Load what the source provides; None for a source without weights.

    A segmentation network provides its head too if that has as many outputs as the target; in lane
    `linear`, every source provides its encoder alone.

    Raises:
        WeightsError: The file is damaged or another one, or does not cover the network.
    """
    source = transfer.source
    if weights.path is None:
        return None
    sha256 = transfer.fingerprints.weights.removeprefix("sha256:")
    tensors: Mapping[str, torch.Tensor] = read_tensors(weights.path, sha256)
    prefix, resampled = "encoder.", tuple[str, ...]()
    if source.weights:
        tensors, prefix, resampled = encoder_tensors(
            tensors, source.weights, transfer.encoder, source.input.channels
        )
    if source.provides == "encoder" or transfer.cell.lane == "linear":
        coverage = load_part(
            network.encoder, tensors, prefix=prefix, name=source.id, allow_partial=allow_partial
        )
        return coverage.model_copy(update={"resampled": resampled})
    loaded = {prefix: network.encoder, "decoder.": network.decoder}
    shapes = {f"head.{name}": value.shape for name, value in network.head.state_dict().items()}
    fits = all(name in tensors and tensors[name].shape == shape for name, shape in shapes.items())
    if source.task == "segmentation" and fits:
        loaded["head."] = network.head
    coverages = []
    for start, part in loaded.items():
        below = {name: value for name, value in tensors.items() if name.startswith(start)}
        coverages.append(
            load_part(part, below, prefix=start, name=source.id, allow_partial=allow_partial)
        )
    return coverages[0]  # that of the encoder


def insert_updates(network: SegmentationNetwork, transfer: Transfer) -> None:
    """Insert the low-rank updates of the strategy, if it has any, from the cell's seed.

    Raises:
        ProtocolError: The encoder cannot have them.
    """
    lora, size = transfer.strategy.lora, transfer.protocol.input_size
    if lora:
        seed = transfer.cell.seed
        add_low_rank(network, rank=lora.rank, alpha=lora.alpha, seed=seed, input_size=size)


def check_parts(transfers: Iterable[Transfer]) -> None:
    """Check before training that every network has the parts that its strategy trains.

    Raises:
        ProtocolError: Naming strategy, network and part.
    """
    checked = set()
    for transfer in transfers:
        strategy, name = transfer.strategy, transfer.cell.strategy
        special = set(strategy.trained_parts) - {"encoder", "decoder", "head"}
        case = (name, transfer.encoder, transfer.cell.lane)
        if special and case not in checked:
            checked.add(case)
            network = initial_network(transfer, torch.device("cpu"))
            try:
                insert_updates(network, transfer)
                apply_strategy(network, train=strategy.trained_parts, freeze_norm_stats=True)
            except ProtocolError as error:
                raise ProtocolError(f"strategy {name!r} on {transfer.encoder}: {error}") from None
