"""The main path: one transfer into one record. It reads like a methods section."""

import platform
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch

from benchmark import __version__
from benchmark.cards.registry import Registry
from benchmark.data.cases import Case
from benchmark.data.local import open_cases
from benchmark.data.prepare import (
    Prepared,
    Preprocessing,
    prepare,
)
from benchmark.errors import DataError
from benchmark.models.networks import SegmentationNetwork, build_unet, parameter_counts
from benchmark.models.strategies import apply_strategy
from benchmark.models.weights import Coverage, load_part, read_tensors
from benchmark.records.record import (
    Cost,
    CoverageReport,
    Environment,
    RunRecord,
    Selection,
    SourceFacts,
)
from benchmark.running.evaluate import score_cases
from benchmark.running.plan import Transfer, nested_subjects, weights_file
from benchmark.training.finetune import fine_tune

Progress = Callable[[str, int, int], None]


def run_cell(
    transfer: Transfer,
    registry: Registry,
    home: Path,
    device: torch.device,
    *,
    allow_partial: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> RunRecord:
    """Prepare, build, load, freeze, fine-tune, predict, score, record.

    Raises:
        BenchmarkError: Data, weights or protocol are not what the cards say.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    seed, protocol = transfer.cell.seed, transfer.protocol
    data, cases, subsets = prepared_target(transfer, registry, home, progress)

    torch.manual_seed(seed)
    network = build_network(transfer).to(device)
    coverage = load_source(network, transfer, registry, home, allow_partial)
    frozen = apply_strategy(
        network,
        train=transfer.strategy.train,
        freeze_norm_stats=transfer.strategy.freeze_norm_stats,
    )
    before = frozen.fingerprint()
    tuned = fine_tune(
        network,
        frozen,
        data,
        subsets["train"],
        subsets["val"],
        protocol,
        flips=transfer.target.flips,
        seed=seed,
        device=device,
        progress=lambda done, total: progress("fine-tuning", done, total),
    )
    frozen.verify(before)
    scores = score_cases(network, transfer, registry, data, cases, subsets["test"], device)

    total, trainable = parameter_counts(network)
    return RunRecord(
        cell=transfer.cell,
        key=transfer.key,
        fingerprints=transfer.fingerprints,
        marks=transfer.marks.model_copy(
            update={"partial_weights": coverage is not None and not coverage.complete}
        ),
        source=SourceFacts(
            title=transfer.source.title,
            domain=transfer.source.domain,
            task=transfer.source.task,
            encoder=transfer.encoder,
        ),
        main_metric=transfer.target.main_metric,
        coverage=coverage_report(coverage),
        selection=Selection(
            learning_rate=tuned.learning_rate,
            step=tuned.step,
            validation_dice=tuned.validation_dice,
            curve=tuned.curve,
            train_subjects=tuple(sorted({cases[c].subject for c in subsets["train"]})),
        ),
        frozen_tensors_unchanged=True,
        cases=tuple(scores),
        environment=Environment(
            segtransfer=__version__,
            python=platform.python_version(),
            torch=torch.__version__,
            device=torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
            threads=torch.get_num_threads(),
        ),
        cost=Cost(
            total_parameters=total,
            trainable_parameters=trainable,
            fine_tuning_seconds=round(tuned.seconds, 3),
            total_seconds=round(time.perf_counter() - clock, 3),
            peak_memory_mib=peak_memory_mib(device),
        ),
        started=started.isoformat(timespec="seconds"),
    )


def prepared_target(
    transfer: Transfer, registry: Registry, home: Path, progress: Progress
) -> tuple[Prepared, dict[str, Case], dict[str, list[str]]]:
    """The target's prepared arrays, its cases by name, and the case names of each subset."""
    target = transfer.target
    card = registry.dataset(target.dataset)
    rows = registry.split(card.id)
    found, facts = open_cases(registry, card.id, home)
    how = Preprocessing(
        labels=tuple(target.labels.items()),
        intensity=target.intensity,
        slice_axis=target.slice_axis,
        input_size=transfer.protocol.input_size,
    )
    data = prepare(
        card, found, facts.fingerprint, how, home,
        lambda done, total: progress("preparing", done, total),
    )  # fmt: skip
    cases = {case.case: case for case in found}
    chosen = set(nested_subjects(rows, transfer.cell.train_subjects))
    subsets: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for row in rows:
        if row.case in cases and row.subset in subsets:
            if row.subset != "train" or row.subject in chosen:
                subsets[row.subset].append(row.case)
    if not subsets["test"]:
        raise DataError(f"{card.id}: no test case is on this machine; import a fuller copy")
    return data, cases, subsets


def build_network(transfer: Transfer) -> SegmentationNetwork:
    """The protocol's U-Net over the source's encoder, one output channel a label and background."""
    statistics = transfer.source.input
    return build_unet(
        transfer.encoder,
        channels=statistics.channels,
        classes=len(transfer.target.labels) + 1,
        decoder_channels=transfer.protocol.decoder_channels,
        encoder_depth=transfer.protocol.encoder_depth,
        normalisation_mean=statistics.mean,
        normalisation_std=statistics.std,
    )


def load_source(
    network: SegmentationNetwork,
    transfer: Transfer,
    registry: Registry,
    home: Path,
    allow_partial: bool,
) -> Coverage | None:
    """Load what the source provides; None for a source that provides nothing."""
    source = transfer.source
    if source.provides == "nothing":
        return None
    path = weights_file(registry, registry.board(transfer.cell.board), source, home)
    tensors = read_tensors(path, transfer.fingerprints.weights.removeprefix("sha256:"))
    prefix = source.weights.key_prefix if source.weights else "encoder."
    coverage = load_part(
        network.encoder, tensors, prefix=prefix, name=source.id, allow_partial=allow_partial
    )
    if source.provides == "encoder_decoder":
        load_part(
            network.decoder, tensors, prefix="decoder.", name=source.id,
            allow_partial=allow_partial,
        )  # fmt: skip
    return coverage


def coverage_report(coverage: Coverage | None) -> CoverageReport | None:
    """The coverage as the record keeps it."""
    if coverage is None:
        return None
    return CoverageReport(
        matched=coverage.matched,
        missing=coverage.missing,
        mismatched=coverage.mismatched,
        unused=coverage.unused,
        parameter_share=round(coverage.parameter_share, 6),
    )


def peak_memory_mib(device: torch.device) -> float:
    """Peak memory: of the device where it is CUDA, else resident memory of this process."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
