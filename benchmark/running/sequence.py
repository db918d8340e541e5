"""Sequences: one network trained on one device after the other and scored on all devices.

Each stage is the board's fine-tuning with all training subjects of its devices and no data of
earlier devices (no replay). SequenceStage 1 gives the same result as the cell of its device.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from pydantic import TypeAdapter

from benchmark.data.prepared_arrays import PreparedDataset
from benchmark.errors import Diverged
from benchmark.files import read_checked, write_checked
from benchmark.models.networks import SegmentationNetwork
from benchmark.planning.sequences import SequenceRun
from benchmark.records.record import Failure
from benchmark.records.sequence_record import SequenceRecord, SequenceStage, SequenceStore
from benchmark.running.cost import cost
from benchmark.running.devices import choose_device, environment
from benchmark.running.divergence import failure, no_selection, not_trained, worst_scores
from benchmark.running.inference import score_test_set
from benchmark.running.meter import metered
from benchmark.running.options import RunOptions
from benchmark.running.setup import Setup, set_up
from benchmark.running.target_data import TargetData, load_target
from benchmark.training.batches import TrainingSet
from benchmark.workers import Progress, no_progress
from benchmark.workspace import Workspace

STAGES = TypeAdapter(tuple[SequenceStage, ...])


def run_sequence(
    workspace: Workspace,
    options: RunOptions,
    folder: Path,
    run: SequenceRun,
    progress: Progress = no_progress,
) -> None:
    """Set up as a cell does, fine-tune and score stage by stage, and write the record.

    A stopped sequence is resumed after its last finished stage. One whose training diverges is
    recorded as failed: that stage and those after it have the worst scores.

    Args:
        workspace: All cards, local data and weights.
        options: Device, and whether weights may cover the network in part.
        folder: Of the board's results.
        run: The sequence.
        progress: Called with each stage.

    Raises:
        BenchmarkError: Data, weights or protocol are not what the cards state.
    """
    started = datetime.now(UTC)
    device, checkpoint = choose_device(options.device), workspace.sequence_checkpoint(run.key)
    loaded = [load_target(transfer, workspace, progress) for transfer in run.devices.values()]
    targets, first = dict(zip(run.devices, loaded, strict=True)), loaded[0]
    setup = set_up(first, workspace, device, allow_partial=options.allow_partial)
    stages = _run_stages(setup, run, targets, checkpoint, progress)
    trained_on = dict.fromkeys(name for stage in run.stages for name in stage)
    record = SequenceRecord(
        run=run.run,
        key=run.key,
        fingerprints=run.fingerprints,
        prepared_data={name: data.prepared.fingerprint for name, data in targets.items()},
        marks=setup.marks(run.marks, (targets[name] for name in trained_on)),
        source=setup.source,
        main_metric=first.transfer.target.main_metric,
        coverage=setup.coverage,
        stages=stages,
        environment=environment(device, options.gpu_shared),
        started=started.isoformat(timespec="seconds"),
    )
    SequenceStore(folder).write(record)
    checkpoint.unlink(missing_ok=True)


def _run_stages(
    setup: Setup,
    run: SequenceRun,
    targets: Mapping[str, TargetData],
    checkpoint: Path,
    progress: Progress,
) -> tuple[SequenceStage, ...]:
    """All stages, from the one on that the checkpoint does not hold."""
    stages = list(_resume(checkpoint, setup.network))
    for number, devices in enumerate(run.stages[len(stages) :], start=len(stages) + 1):
        if stages and stages[-1].failed:
            stages.append(not_trained(stages[-1], devices))
            continue
        if number > 1:  # not the state after the last stage, which may have run in another process
            torch.manual_seed(run.run.seed)
        prefix = f"{run.run.sequence} {number}/{len(run.stages)}"
        stages.append(_run_stage(setup, devices, targets, _prefixed(progress, prefix)))
        if number < len(run.stages) and not stages[-1].failed:
            _save(checkpoint, setup.network, stages)
    return tuple(stages)


def _save(checkpoint: Path, network: SegmentationNetwork, stages: list[SequenceStage]) -> None:
    """Keep network and scores, so that a stopped sequence is resumed after this stage."""
    content = BytesIO()
    stages_json = STAGES.dump_json(tuple(stages)).decode()
    torch.save({"network": network.state_dict(), "stages": stages_json}, content)
    write_checked(checkpoint, content.getvalue())


def _run_stage(
    setup: Setup,
    devices: tuple[str, ...],
    targets: Mapping[str, TargetData],
    progress: Progress,
) -> SequenceStage:
    clock, network = time.perf_counter(), setup.network
    training_set = joint_training_set({name: targets[name] for name in devices})
    failed: Failure | None = None
    with metered(network.device) as measured:
        try:
            selection, steps = setup.fine_tune(training_set, progress)
        except Diverged as error:
            failed, steps = failure(error), error.step
            rates = setup.data.transfer.protocol.learning_rates
            selection = no_selection(error, rates, training_set.subjects)
    scores = {}
    for number, (name, data) in enumerate(targets.items()):
        progress(f"scoring {name}", number, len(targets))
        scores[name], _ = worst_scores(data) if failed else score_test_set(network, data)
    seconds, protocol = time.perf_counter() - clock, setup.data.transfer.protocol
    return SequenceStage(
        trained_on=devices,
        selection=selection,
        scores=scores,
        cost=cost(network, protocol, steps, measured, seconds),
        failed=failed,
    )


def _prefixed(progress: Progress, prefix: str) -> Progress:
    return lambda stage, done, total: progress(f"{prefix}: {stage}", done, total)


def joint_training_set(devices: Mapping[str, TargetData]) -> TrainingSet:
    """The training and validation cases of one device, or of several together.

    Cases and subjects of several devices are named `DEVICE/NAME`, as two devices may both have a
    `001`.
    """
    if len(devices) == 1:
        (data,) = devices.values()
        return data.training_set
    images, masks, cases, total = [], [], [], 0
    train: list[str] = []
    val: list[str] = []
    for device, data in devices.items():
        names = data.training_set
        train += [f"{device}/{case}" for case in names.train]
        val += [f"{device}/{case}" for case in names.val]
        included = {*names.train, *names.val}
        for case in data.prepared.cases:
            if case.case in included:
                rows = slice(case.first, case.first + case.slices)
                images.append(data.prepared.images[rows])
                masks.append(data.prepared.masks[rows])
                name, subject = f"{device}/{case.case}", f"{device}/{case.subject}"
                cases.append(replace(case, case=name, subject=subject, first=total))
                total += case.slices
    prepared = PreparedDataset(np.concatenate(images), np.concatenate(masks), tuple(cases))
    return TrainingSet(prepared, train, val)


def _resume(checkpoint: Path, network: SegmentationNetwork) -> tuple[SequenceStage, ...]:
    """Load the network and the finished stages of a checkpoint; without a whole one, no stage."""
    if (content := read_checked(checkpoint)) is None:
        return ()
    saved = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
    network.load_state_dict(saved["network"])
    return STAGES.validate_json(saved["stages"], strict=True)
