"""The fixed fine-tuning recipe: one network, one target, one learning rate after the other."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmark.cards.protocol import FineTuningProtocol, Strategy
from benchmark.data.preprocessing import IGNORE, Prepared
from benchmark.errors import ProtocolError
from benchmark.models.freezing import Frozen, apply_strategy
from benchmark.models.networks import SegmentationNetwork
from benchmark.training.augmentation import augment, batch_rows
from benchmark.training.losses import LOSSES
from benchmark.training.schedule import is_evaluation, make_optimizer
from benchmark.training.selection import pooled_dice

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FineTuned:
    """The chosen weights (already in the network) and how they were chosen.

    `curve` holds (learning rate, step, validation Dice) of every evaluation; `steps` is how many
    were taken in all, stages and every learning rate included.
    """

    learning_rate: float
    step: int
    validation_dice: float | None
    curve: tuple[tuple[float, int, float], ...]
    steps: int


def fine_tune(
    network: SegmentationNetwork,
    strategy: Strategy,
    data: Prepared,
    train_cases: Sequence[str],
    val_cases: Sequence[str],
    protocol: FineTuningProtocol,
    *,
    flips: tuple[str, ...],
    seed: int,
    device: torch.device,
    progress: Progress = lambda done, total: None,
) -> FineTuned:
    """Fine-tune under the protocol; leave the weights with the best validation Dice.

    What a stage or the strategy freezes is hashed before and after.

    Raises:
        ProtocolError: No training case, no validation case though one selects by it, or
            something frozen moved.
    """
    if not train_cases:
        raise ProtocolError("no training case; the split's train subset is empty or not here")
    choose = protocol.checkpoint == "best_validation_dice"
    if choose and not val_cases:
        raise ProtocolError(
            "no validation case, but the protocol selects by validation Dice; give the data set "
            "a val subset or use a board with `checkpoint: last`"
        )
    start = copy.deepcopy(network.state_dict())
    best: tuple[float, float, int, dict[str, Any]] | None = None
    curve: list[tuple[float, int, float]] = []
    rows = data.rows(train_cases)
    train = (resident(data.images[rows], device), resident(data.masks[rows], device))
    steps = protocol.steps_for(len(rows))
    rows = data.rows(val_cases if choose else [])
    val = (resident(data.images[rows], device), resident(data.masks[rows], device))
    whole = sum(stage.steps for stage in strategy.stages) + steps
    total, done = whole * len(protocol.learning_rates), 0
    for learning_rate in protocol.learning_rates:
        network.load_state_dict(start)
        phases = [(stage.train, stage.steps, stage.learning_rate) for stage in strategy.stages]
        for number, (parts, length, rate) in enumerate(
            [*phases, (strategy.train, steps, learning_rate)]
        ):
            frozen = apply_strategy(
                network, train=parts, freeze_norm_stats=strategy.freeze_norm_stats
            )
            before = frozen.fingerprint()
            last, rng = number == len(phases), np.random.default_rng([seed, 1, number])
            for step in _train(network, frozen, train, protocol, length, rate, flips, rng, device):
                done += 1
                progress(done, total)
                if last and choose and is_evaluation(step, steps, protocol.evaluations):
                    dice = pooled_dice(network, *val, protocol.batch_size)
                    curve.append((learning_rate, step, round(dice, 6)))
                    if best is None or dice > best[0]:
                        best = (dice, learning_rate, step, copy.deepcopy(network.state_dict()))
            frozen.verify(before)
    if best is None:
        return FineTuned(protocol.learning_rates[-1], steps, None, (), total)
    network.load_state_dict(best[3])
    return FineTuned(best[1], best[2], round(best[0], 6), tuple(curve), total)


def resident(array: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    """A copy of a memory-mapped array on the device, for the whole training."""
    return torch.from_numpy(np.array(array)).to(device)


def _train(
    network: SegmentationNetwork,
    frozen: Frozen,
    train: tuple[torch.Tensor, torch.Tensor],
    protocol: FineTuningProtocol,
    steps: int,
    learning_rate: float,
    flips: tuple[str, ...],
    rng: np.random.Generator,
    device: torch.device,
) -> Iterator[int]:
    """Yield after each optimiser step, with its number counted from 1."""
    images, masks = train
    foreground = ((masks > 0) & (masks != IGNORE)).flatten(1).any(1).cpu().numpy()
    batches = batch_rows(
        np.arange(len(images)),
        foreground,
        batch_size=protocol.batch_size,
        foreground_share=protocol.foreground_share,
        rng=rng,
    )
    optimizer, schedule = make_optimizer(
        network.parameters(),
        protocol.optimizer,
        learning_rate,
        protocol.weight_decay,
        protocol.schedule,
        steps,
        protocol.warmup_share,
    )
    autocast = protocol.precision == "bfloat16_on_cuda" and device.type == "cuda"
    for step in range(1, steps + 1):
        frozen.set_modes(network)
        rows = torch.from_numpy(next(batches)).to(device)
        batch, labels = augment(
            images[rows].float(), masks[rows].long(), protocol.augmentation, flips, rng
        )
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            logits = network(batch)
        loss = LOSSES[protocol.loss](logits.float(), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        yield step
