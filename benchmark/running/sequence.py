"""One network, one device after the other: fine-tune, score on all devices, go on.

Each stage is the board's fine-tuning with all training subjects of its devices and nothing of the
devices before (no replay). What stage 1 gives is what the cell of that device gives.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import safetensors
import torch
from pydantic import TypeAdapter, ValidationError

from benchmark.data.preprocessing import Prepared
from benchmark.data.resolve import ResolvedDataset, resolve_target
from benchmark.errors import WeightsError
from benchmark.models.networks import SegmentationNetwork
from benchmark.models.weights import read_tensors, save_network
from benchmark.planning.sequences import SequenceRun
from benchmark.records.sequence_record import SequenceRecord, Stage, write_sequence
from benchmark.running.cell import load_source, prepare_target, transfer_network
from benchmark.running.cost import cost
from benchmark.running.inference import score_cases
from benchmark.running.meter import metered
from benchmark.running.provenance import environment, selection, source_facts
from benchmark.training.fine_tuning import fine_tune
from benchmark.workers import Progress, Workers, no_progress
from benchmark.workspace import Workspace

STAGES = TypeAdapter(tuple[Stage, ...])


@dataclass(frozen=True)
class Learning:
    """What one stage learns from: arrays, and the names of its cases in them."""

    data: Prepared
    train: list[str]
    val: list[str]

    @property
    def subjects(self) -> set[str]:
        """Whose cases it trains on."""
        chosen = set(self.train)
        return {case.subject for case in self.data.cases if case.case in chosen}


def run_sequences(
    todo: Sequence[SequenceRun],
    workspace: Workspace,
    folder: Path,
    device: torch.device,
    workers: Workers,
    finished: Callable[[], None],
    *,
    allow_partial: bool = False,
) -> None:
    """Run sequences and write each record into the board's folder as soon as it is there.

    A sequence that was stopped goes on after its last finished stage.

    Raises:
        BenchmarkError: Data, weights or protocol are not what the cards say.
    """
    for record in workers.as_completed(partial(_run_one, workspace, device, allow_partial), todo):
        write_sequence(folder, record)
        workspace.sequence_checkpoint(record.key).unlink(missing_ok=True)
        finished()


def _run_one(
    workspace: Workspace,
    device: torch.device,
    allow_partial: bool,
    one: SequenceRun,
    progress: Progress,
) -> SequenceRecord:
    kept = workspace.sequence_checkpoint(one.key)
    return run_sequence(
        one, workspace, device, kept, allow_partial=allow_partial, progress=progress
    )


def run_sequence(
    one: SequenceRun,
    workspace: Workspace,
    device: torch.device,
    kept: Path,
    *,
    allow_partial: bool = False,
    progress: Progress = no_progress,
) -> SequenceRecord:
    """Prepare, build and load as a cell does; then fine-tune and score, stage by stage.

    The file `kept` holds network and scores between stages; what it holds is not run again.

    Raises:
        BenchmarkError: Data, weights or protocol are not what the cards say.
    """
    started, seed = datetime.now(UTC), one.run.seed
    legacy = workspace.registry.board(one.run.board).legacy
    first = next(iter(one.devices.values()))
    opened = {
        name: resolve_target(workspace, transfer.target, legacy=legacy)
        for name, transfer in one.devices.items()
    }
    data = {
        name: prepare_target(transfer, opened[name], workspace.prepared, progress)
        for name, transfer in one.devices.items()
    }
    torch.manual_seed(seed)
    network = transfer_network(first).to(device)
    coverage = load_source(network, first, workspace, allow_partial)
    stages = list(_take_up(kept, network))
    for number, devices in enumerate(one.stages[len(stages) :], start=len(stages) + 1):
        if number > 1:
            torch.manual_seed(seed)  # not where the last stage left off, which may be elsewhere
        learning = learning_from({name: (data[name], opened[name]) for name in devices})
        told = _named(progress, f"{one.run.sequence} {number}/{len(one.stages)}")
        stages.append(_stage(network, one, devices, learning, opened, data, device, told))
        if number < len(one.stages):
            kept.parent.mkdir(parents=True, exist_ok=True)
            save_network(kept, network, {"stages": STAGES.dump_json(tuple(stages)).decode()})
    partial = coverage is not None and not coverage.complete
    return SequenceRecord(
        run=one.run,
        key=one.key,
        fingerprints=one.fingerprints,
        prepared_data={name: prepared.fingerprint for name, prepared in data.items()},
        marks=one.marks.model_copy(update={"partial_weights": partial}),
        source=source_facts(first, workspace),
        main_metric=first.target.main_metric,
        coverage=coverage,
        stages=tuple(stages),
        environment=environment(device),
        started=started.isoformat(timespec="seconds"),
    )


def _stage(
    network: SegmentationNetwork,
    one: SequenceRun,
    devices: tuple[str, ...],
    learning: Learning,
    opened: Mapping[str, ResolvedDataset],
    data: Mapping[str, Prepared],
    device: torch.device,
    progress: Progress,
) -> Stage:
    clock, first = time.perf_counter(), one.devices[devices[0]]
    with metered(device) as tuning:
        tuned = fine_tune(
            network,
            first.strategy,
            learning.data,
            learning.train,
            learning.val,
            first.protocol,
            flips=first.target.flips,
            seed=one.run.seed,
            device=device,
            progress=lambda done, total: progress("fine-tuning", done, total),
        )
    scores = {}
    for number, (name, transfer) in enumerate(one.devices.items()):
        progress(f"scoring {name}", number, len(one.devices))
        scores[name] = tuple(score_cases(network, transfer, opened[name], data[name], device))
    return Stage(
        trained_on=devices,
        selection=selection(tuned, learning.subjects),
        scores=scores,
        cost=cost(
            network, first.protocol, tuned.steps, device, tuning, time.perf_counter() - clock
        ),
    )


def _named(progress: Progress, name: str) -> Progress:
    """Progress whose stages begin with a name."""
    return lambda what, done, total: progress(f"{name}: {what}", done, total)


def learning_from(devices: Mapping[str, tuple[Prepared, ResolvedDataset]]) -> Learning:
    """The training and validation cases of one device, or of several put together.

    Of several, cases and subjects are named `DEVICE/NAME`: two devices may both have a `001`.
    """
    if len(devices) == 1:
        ((data, opened),) = devices.values()
        return Learning(data, opened.names("train"), opened.names("val"))
    images, masks, cases, total = [], [], [], 0
    names: dict[str, list[str]] = {"train": [], "val": []}
    for name, (data, opened) in devices.items():
        for subset in ("train", "val"):
            names[subset] += [f"{name}/{case}" for case in opened.names(subset)]
        chosen = set(opened.names("train", "val"))
        for case in data.cases:
            if case.case in chosen:
                rows = slice(case.first, case.first + case.slices)
                images.append(data.images[rows])
                masks.append(data.masks[rows])
                told = f"{name}/{case.case}", f"{name}/{case.subject}"
                cases.append(replace(case, case=told[0], subject=told[1], first=total))
                total += case.slices
    whole = Prepared(np.concatenate(images), np.concatenate(masks), tuple(cases))
    return Learning(whole, names["train"], names["val"])


def _take_up(kept: Path, network: SegmentationNetwork) -> tuple[Stage, ...]:
    """The stages that are finished, and their weights in the network; none where none is kept."""
    if not kept.is_file():
        return ()
    try:
        with safetensors.safe_open(kept, "pt") as file:
            stages = STAGES.validate_json((file.metadata() or {})["stages"], strict=True)
        tensors = read_tensors(kept, None)
    except (WeightsError, ValidationError, KeyError, safetensors.SafetensorError, OSError):
        return ()  # damaged: the sequence is run from its start
    own = {name: tensor.shape for name, tensor in network.state_dict().items()}
    if own != {name: tensor.shape for name, tensor in tensors.items()}:
        return ()
    network.load_state_dict(tensors)
    return stages
