"""The fixed fine-tuning recipe: one network, one target, one learning rate after the other."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmark.cards.protocol import FineTuningProtocol
from benchmark.data.batches import augment, batch_rows
from benchmark.data.prepare import IGNORE, Prepared
from benchmark.errors import ProtocolError
from benchmark.models.networks import SegmentationNetwork
from benchmark.models.strategies import Frozen
from benchmark.training.losses import dice_cross_entropy
from benchmark.training.optimise import adamw, is_evaluation
from benchmark.training.validation import pooled_dice

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FineTuned:
    """The chosen weights (already in the network) and how they were chosen.

    `curve` holds (learning rate, step, validation Dice) of every evaluation.
    """

    learning_rate: float
    step: int
    validation_dice: float | None
    curve: tuple[tuple[float, int, float], ...]


def fine_tune(
    network: SegmentationNetwork,
    frozen: Frozen,
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

    Raises:
        ProtocolError: No training case, or no validation case though one selects by it.
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
    rows = data.rows(val_cases if choose else [])
    val = (resident(data.images[rows], device), resident(data.masks[rows], device))
    total = protocol.steps * len(protocol.learning_rates)
    for number, learning_rate in enumerate(protocol.learning_rates):
        network.load_state_dict(start)
        for step in _train(network, frozen, train, protocol, learning_rate, flips, seed, device):
            progress(number * protocol.steps + step, total)
            if choose and is_evaluation(step, protocol.steps, protocol.evaluations):
                dice = pooled_dice(network, *val, protocol.batch_size)
                curve.append((learning_rate, step, round(dice, 6)))
                if best is None or dice > best[0]:
                    best = (dice, learning_rate, step, copy.deepcopy(network.state_dict()))
    if best is not None:
        network.load_state_dict(best[3])
    if best is None:
        return FineTuned(protocol.learning_rates[-1], protocol.steps, None, ())
    return FineTuned(best[1], best[2], round(best[0], 6), tuple(curve))


def resident(array: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    """A copy of a memory-mapped array on the device, for the whole training."""
    return torch.from_numpy(np.array(array)).to(device)


def _train(
    network: SegmentationNetwork,
    frozen: Frozen,
    train: tuple[torch.Tensor, torch.Tensor],
    protocol: FineTuningProtocol,
    learning_rate: float,
    flips: tuple[str, ...],
    seed: int,
    device: torch.device,
) -> "Any":
    """Yield after each optimiser step, with its number counted from 1."""
    images, masks = train
    foreground = ((masks > 0) & (masks != IGNORE)).flatten(1).any(1).cpu().numpy()
    rng = np.random.default_rng([seed, 1])
    batches = batch_rows(
        np.arange(len(images)),
        foreground,
        batch_size=protocol.batch_size,
        foreground_share=protocol.foreground_share,
        rng=rng,
    )
    optimizer, schedule = adamw(
        network.parameters(),
        learning_rate,
        protocol.weight_decay,
        protocol.steps,
        protocol.warmup_share,
    )
    autocast = protocol.precision == "bfloat16_on_cuda" and device.type == "cuda"
    for step in range(1, protocol.steps + 1):
        frozen.set_modes(network)
        rows = torch.from_numpy(next(batches)).to(device)
        batch, labels = augment(
            images[rows].float(), masks[rows].long(), protocol.augmentation, flips, rng
        )
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            logits = network(batch)
        loss = dice_cross_entropy(logits.float(), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        yield step
