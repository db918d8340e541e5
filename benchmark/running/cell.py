"""The main path: one transfer into one record. It reads like a methods section."""

import time
from datetime import UTC, datetime
from pathlib import Path

import torch

from benchmark.data.preprocessing import Prepared, Preprocessing, prepare
from benchmark.data.resolve import ResolvedDataset, resolve_target
from benchmark.errors import ProtocolError
from benchmark.models.networks import SegmentationNetwork, build_network
from benchmark.models.weights import load_part, read_tensors, renamed
from benchmark.planning.source_weights import weights_file
from benchmark.planning.transfers import Transfer, nested_subjects
from benchmark.records.predictions import prediction_log
from benchmark.records.record import Coverage, RunRecord
from benchmark.running.cost import cost, processor
from benchmark.running.inference import native_labels, score_cases, score_pooled
from benchmark.running.meter import metered
from benchmark.running.provenance import environment, selection, source_facts
from benchmark.training.fine_tuning import fine_tune
from benchmark.views.figures.overlays import write_overlays
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace


def run_cell(
    transfer: Transfer,
    workspace: Workspace,
    device: torch.device,
    *,
    allow_partial: bool = False,
    pictures: Path | None = None,
    predictions: Path | None = None,
    save_predictions: bool = False,
    progress: Progress = no_progress,
) -> RunRecord:
    """Prepare, build, load, freeze, fine-tune, predict, score, record.

    Args:
        transfer: The cell.
        workspace: All cards, local data and weights.
        device: Where the network is trained.
        allow_partial: Admit weights that do not cover the network.
        pictures: Folder in which the best, median and worst case are drawn; None draws nothing.
        predictions: Folder in which hashes of the predicted label maps are kept; None keeps none.
        save_predictions: Keep the label maps there too.
        progress: Told of each stage.

    Raises:
        BenchmarkError: Data, weights or protocol are not what the cards say.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    board = workspace.registry.board(transfer.cell.board)
    opened = resolve_target(workspace, transfer.target, legacy=board.legacy)
    data = prepare_target(transfer, opened, workspace.prepared, progress)
    train = training_cases(transfer, opened)

    torch.manual_seed(transfer.cell.seed)
    network = transfer_network(transfer).to(device)
    coverage = load_source(network, transfer, workspace, allow_partial)
    with metered(device) as tuning:
        tuned = fine_tune(
            network,
            transfer.strategy,
            data,
            train,
            opened.names("val"),
            transfer.protocol,
            flips=transfer.target.flips,
            seed=transfer.cell.seed,
            device=device,
            progress=lambda done, total: progress("fine-tuning", done, total),
        )
    log = predictions / transfer.cell.path if predictions else None
    with prediction_log(log, transfer.key, processor(), save_predictions) as keep:
        scores = score_cases(network, transfer, opened, data, device, keep)

    record = RunRecord(
        cell=transfer.cell,
        key=transfer.key,
        fingerprints=transfer.fingerprints,
        prepared_data=data.fingerprint,
        marks=transfer.marks.model_copy(
            update={"partial_weights": coverage is not None and not coverage.complete}
        ),
        source=source_facts(transfer, workspace),
        main_metric=transfer.target.main_metric,
        coverage=coverage,
        selection=selection(tuned, {opened.cases[case].subject for case in train}),
        frozen_tensors_unchanged=True,
        cases=tuple(scores),
        pooled=score_pooled(network, transfer, opened, data, device, board.pooled_metrics),
        environment=environment(device),
        cost=cost(
            network, transfer.protocol, tuned.steps, device, tuning, time.perf_counter() - clock
        ),
        started=started.isoformat(timespec="seconds"),
    )
    if pictures is not None:
        prepared = {case.case: case for case in data.cases}
        batch = transfer.protocol.batch_size
        write_overlays(
            pictures, record, transfer, opened,
            lambda case: native_labels(network, data, prepared[case], batch, device),
        )  # fmt: skip
    return record


def prepare_target(
    transfer: Transfer, opened: ResolvedDataset, folder: Path, progress: Progress
) -> Prepared:
    """The target's prepared arrays."""
    target = transfer.target
    how = Preprocessing(
        labels=tuple(target.labels.items()),
        intensity=target.intensity,
        slice_axis=target.slice_axis,
        input_size=transfer.protocol.input_size,
        fit=transfer.protocol.fit,
    )
    return prepare(
        opened.card, opened.cases.values(), opened.fingerprint, how, folder,
        lambda done, total: progress("preparing", done, total),
    )  # fmt: skip


def training_cases(transfer: Transfer, opened: ResolvedDataset) -> list[str]:
    """Names of the training cases of the cell's nested subset of subjects."""
    here = [row for row in opened.rows if row.case in opened.cases]
    chosen = set(nested_subjects(here, transfer.cell.train_subjects))
    return [case for case in opened.names("train") if opened.cases[case].subject in chosen]


def transfer_network(transfer: Transfer) -> SegmentationNetwork:
    """The network of the cell; its outputs are the background and the target's labels."""
    statistics, labels = transfer.source.input, len(transfer.target.labels)
    plain, sigmoid = (
        transfer.protocol.normalisation == "none",
        transfer.protocol.outputs == "sigmoid",
    )
    if sigmoid and labels != 1:
        raise ProtocolError(
            f"outputs: sigmoid is for one label, {transfer.target.id} has {labels}; "
            "use another board or another target"
        )
    return build_network(
        transfer.encoder,
        channels=statistics.channels,
        classes=1 if sigmoid else labels + 1,
        input_size=transfer.protocol.input_size,
        decoder_channels=transfer.protocol.decoder_channels,
        encoder_depth=transfer.protocol.encoder_depth,
        normalisation_mean=(0.0,) * statistics.channels if plain else statistics.mean,
        normalisation_std=(1.0,) * statistics.channels if plain else statistics.std,
        sigmoid=sigmoid,
    )


def load_source(
    network: SegmentationNetwork,
    transfer: Transfer,
    workspace: Workspace,
    allow_partial: bool,
) -> Coverage | None:
    """Load what the source provides; None for a source that provides nothing.

    A segmentation network brings its head too, where it has as many outputs as the target.
    """
    source = transfer.source
    if source.provides == "nothing":
        return None
    path = weights_file(workspace, workspace.registry.board(transfer.cell.board), source)
    tensors = read_tensors(path, transfer.fingerprints.weights.removeprefix("sha256:"))
    prefix = "encoder."
    if source.weights:
        tensors = renamed(tensors, source.weights.rename)
        prefix = source.weights.key_prefix
    if source.provides == "encoder":
        return load_part(
            network.encoder, tensors, prefix=prefix, name=source.id, allow_partial=allow_partial
        )
    parts = {prefix: network.encoder, "decoder.": network.decoder}
    shapes = {f"head.{name}": value.shape for name, value in network.head.state_dict().items()}
    fits = all(name in tensors and tensors[name].shape == shapes[name] for name in shapes)
    if source.task == "segmentation" and fits:
        parts["head."] = network.head
    coverage = None
    for start, part in parts.items():
        own = {name: value for name, value in tensors.items() if name.startswith(start)}
        found = load_part(part, own, prefix=start, name=source.id, allow_partial=allow_partial)
        coverage = coverage or found
    return coverage
