"""The fixed fine-tuning recipe: one network, one target, one learning rate after the other."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmark.cards.protocol import FineTuningProtocol
from benchmark.cards.strategy import Stage, Strategy
from benchmark.errors import ProtocolError
from benchmark.models.freezing import apply_strategy
from benchmark.models.layer_decay import relative_rates
from benchmark.models.networks import SegmentationNetwork
from benchmark.records.record import Selection
from benchmark.training.acceleration import accelerated
from benchmark.training.augmentation import augment
from benchmark.training.batches import TrainingSet, batch_rows, has_foreground, to_device
from benchmark.training.losses import LOSSES
from benchmark.training.schedule import is_evaluation, make_optimizer
from benchmark.training.selection import pooled_dice
from benchmark.workers import Progress, no_progress

Slices = tuple[torch.Tensor, torch.Tensor]  # images (N, C, S, S) and masks (N, S, S)


class Candidate(NamedTuple):
    """The weights at one evaluation."""

    validation_dice: float
    learning_rate: float
    step: int
    weights: dict[str, Any]


def fine_tune(
    network: SegmentationNetwork,
    strategy: Strategy,
    data: TrainingSet,
    protocol: FineTuningProtocol,
    *,
    flips: tuple[str, ...],
    seed: int,
    progress: Progress = no_progress,
) -> tuple[Selection, int]:
    """Fine-tune under the protocol; leave the weights with the best validation Dice.

    Returns:
        How the weights were selected, and the number of optimiser steps: those of all stages and
        all learning rates.

    Raises:
        ProtocolError: No training case, no validation case though the protocol selects by it, or
            a frozen tensor changed.
    """
    selects = protocol.checkpoint == "best_validation_dice"
    _check_cases(data, selects)
    start, best = _copied_weights(network), None
    curve: list[tuple[float, int, float]] = []
    train = _slices(data, data.train, network.device)
    val = _slices(data, data.val if selects else (), network.device)
    steps, done = protocol.steps_for(len(train[0])), 0
    total = (sum(stage.steps for stage in strategy.stages) + steps) * len(protocol.learning_rates)
    for learning_rate in protocol.learning_rates:
        network.load_state_dict(start)
        last = Stage(train=strategy.train, steps=steps, learning_rate=learning_rate)
        for number, stage in enumerate((*strategy.stages, last)):
            rng = np.random.default_rng([seed, 1, number])
            for step in _train(network, strategy, stage, train, protocol, flips, rng):
                done += 1
                progress("fine-tuning", done, total)
                if selects and stage is last and is_evaluation(step, steps, protocol.evaluations):
                    dice = pooled_dice(network, *val, protocol.inference_batch_size)
                    curve.append((learning_rate, step, round(dice, 6)))
                    if best is None or dice > best.validation_dice:
                        best = Candidate(dice, learning_rate, step, _copied_weights(network))
    if best is not None:
        network.load_state_dict(best.weights)
    return Selection(
        learning_rate=best.learning_rate if best else protocol.learning_rates[-1],
        step=best.step if best else steps,
        validation_dice=round(best.validation_dice, 6) if best else None,
        curve=tuple(curve),
        train_subjects=data.subjects,
    ), total


def _check_cases(data: TrainingSet, selects: bool) -> None:
    if not data.train:
        raise ProtocolError(
            "no training case; the split's train subset is empty or not on this machine"
        )
    if selects and not data.val:
        raise ProtocolError(
            "no validation case, but the protocol selects by validation Dice; give the data set "
            "a val subset or use a board with `checkpoint: last`"
        )


def _copied_weights(network: SegmentationNetwork) -> dict[str, Any]:
    return copy.deepcopy(network.state_dict())


def _slices(data: TrainingSet, cases: Sequence[str], device: torch.device) -> Slices:
    rows = data.prepared.rows(cases)
    images, masks = data.prepared.images[rows], data.prepared.masks[rows]
    return to_device(images, device), to_device(masks, device)


def _train(
    network: SegmentationNetwork,
    strategy: Strategy,
    stage: Stage,
    train: Slices,
    protocol: FineTuningProtocol,
    flips: tuple[str, ...],
    rng: np.random.Generator,
) -> Iterator[int]:
    """Train one stage; yields the number of each optimiser step, from 1.

    What is frozen is hashed before and after.
    """
    forward = accelerated(network, protocol, stage.steps)
    frozen = apply_strategy(
        network, train=stage.train, freeze_norm_stats=strategy.freeze_norm_stats
    )
    before = frozen.fingerprint()
    optimizer, schedule = make_optimizer(
        network.parameters(),
        protocol.optimizer,
        stage.learning_rate,
        protocol.weight_decay,
        protocol.schedule,
        stage.steps,
        protocol.warmup_share,
        fused=protocol.version > 1,
        relative_rates=relative_rates(network, strategy.layer_decay, train[0][:1].float()),
    )
    device = network.device
    autocast = protocol.precision == "bfloat16_on_cuda" and device.type == "cuda"
    batches = _augmented_batches(train, protocol, flips, rng)
    frozen.set_modes(network)
    for step in range(1, stage.steps + 1):
        if not network.training:  # after an evaluation
            frozen.set_modes(network)
        batch, labels = next(batches)
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            logits = forward(batch)
        loss = LOSSES[protocol.loss](logits.float(), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        yield step
    frozen.verify(before)


def _augmented_batches(
    slices: Slices, protocol: FineTuningProtocol, flips: tuple[str, ...], rng: np.random.Generator
) -> Iterator[Slices]:
    """Endless batches; the order and the changes are drawn batch by batch."""
    images, masks = slices
    batches = batch_rows(
        has_foreground(masks),
        batch_size=protocol.batch_size,
        foreground_share=protocol.foreground_share,
        rng=rng,
    )
    for chosen in batches:
        rows = to_device(chosen, images.device, wait=False)
        yield augment(
            images[rows].float(),
            masks[rows].long(),
            protocol.augmentation,
            flips,
            rng,
            noise_on_device=protocol.version > 1,
        )
