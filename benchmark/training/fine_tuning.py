"""The fixed fine-tuning recipe: one network, one target, one learning rate after the other."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmark.cards.protocol import FineTuningProtocol
from benchmark.cards.strategy import Stage, Strategy
from benchmark.errors import Diverged, ProtocolError
from benchmark.models.freezing import apply_strategy
from benchmark.models.layer_decay import relative_rates
from benchmark.models.networks import SegmentationNetwork
from benchmark.records.record import Selection
from benchmark.training.acceleration import accelerated
from benchmark.training.augmentation import augment
from benchmark.training.batches import TrainingSet, batch_rows, has_foreground, to_device
from benchmark.training.divergence import FiniteLoss
from benchmark.training.losses import LOSSES
from benchmark.training.schedule import is_evaluation, make_optimizer
from benchmark.training.selection import pooled_dice
from benchmark.workers import Progress, no_progress

Slices = tuple[torch.Tensor, torch.Tensor]  # images (N, C, S, S) and masks (N, S, S)
Point = tuple[float, int, float]  # learning rate, step, validation Dice


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
        How the weights were selected (a learning rate with which the training diverges is named,
        and not selected), and the number of optimiser steps of all stages and learning rates.

    Raises:
        ProtocolError: No training or validation case that is needed; a frozen tensor changed.
        Diverged: The training diverges with every learning rate, or with any if none is selected.
    """
    selects = protocol.checkpoint == "best_validation_dice"
    _check_cases(data, selects)
    start, best = _copied_weights(network), None
    curve, diverged = list[Point](), list[Diverged]()
    train = _slices(data, data.train, network.device)
    val = _slices(data, data.val if selects else (), network.device)
    steps, done = protocol.steps_for(len(train[0])), 0
    rates = strategy.learning_rates or protocol.learning_rates
    total = (sum(stage.steps for stage in strategy.stages) + steps) * len(rates)
    for rate in rates:
        network.load_state_dict(start)
        points, found = list[Point](), best
        try:
            for step in _train_stages(network, strategy, rate, train, protocol, flips, seed):
                done += 1
                progress("fine-tuning", done, total)
                if selects and step and is_evaluation(step, steps, protocol.evaluations):
                    dice = pooled_dice(network, *val, protocol.inference_batch_size)
                    points.append((rate, step, round(dice, 6)))
                    if found is None or dice > found.validation_dice:
                        found = Candidate(dice, rate, step, _copied_weights(network))
        except Diverged as error:
            diverged.append(error)
        else:
            best, curve = found, curve + points
    if diverged and best is None:
        raise diverged[0]
    if best is not None:
        network.load_state_dict(best.weights)
    return _selection(best, rate, steps, curve, diverged, data.subjects), done


def _selection(
    best: Candidate | None,
    last_rate: float,
    last_step: int,
    curve: Sequence[Point],
    diverged: Sequence[Diverged],
    subjects: tuple[str, ...],
) -> Selection:
    """The last weights where nothing was selected by validation Dice."""
    return Selection(
        learning_rate=best.learning_rate if best else last_rate,
        step=best.step if best else last_step,
        validation_dice=round(best.validation_dice, 6) if best else None,
        curve=tuple(curve),
        train_subjects=subjects,
        diverged=tuple((error.learning_rate, error.step) for error in diverged),
    )


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


def _train_stages(
    network: SegmentationNetwork,
    strategy: Strategy,
    learning_rate: float,
    train: Slices,
    protocol: FineTuningProtocol,
    flips: tuple[str, ...],
    seed: int,
) -> Iterator[int]:
    """Train all stages; yields the number of each step of the last, and 0 for those before.

    Raises:
        Diverged: A loss is not finite, or the weights after a stage.
    """
    steps = protocol.steps_for(len(train[0]))
    last = Stage(train=strategy.train, steps=steps, learning_rate=learning_rate)
    for number, stage in enumerate((*strategy.stages, last)):
        rng = np.random.default_rng([seed, 1, number])
        for step in _train(network, strategy, stage, train, protocol, flips, rng):
            yield step if stage is last else 0


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
    finite = FiniteLoss(stage.learning_rate)
    for step in range(1, stage.steps + 1):
        if not network.training:  # after an evaluation
            frozen.set_modes(network)
        batch, labels = next(batches)
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            logits = forward(batch)
        loss = LOSSES[protocol.loss](logits.float(), labels)
        finite.check(step, loss)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        yield step
    finite.finish(network.parameters())
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
