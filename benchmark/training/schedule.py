"""Optimiser, learning-rate schedule and times of evaluation of fine-tuning and pretraining."""

import math
from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from torch import nn


def cosine_with_warmup(step: int, steps: int, warmup_share: float) -> float:
    """Factor of the learning rate at a step: linear warm-up, then half a cosine to 0."""
    warmup = warmup_share * steps
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1.0, steps - warmup)))


def make_optimizer(
    parameters: Iterable[nn.Parameter],
    name: Literal["adamw", "adam"],
    learning_rate: float,
    weight_decay: float,
    schedule: Literal["cosine", "constant"],
    steps: int,
    warmup_share: float,
    *,
    fused: bool = False,
    relative_rates: Mapping[nn.Parameter, float] | None = None,
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """An optimiser over the parameters that require gradients, with its schedule.

    `fused` updates all parameters in one loop or kernel, in another order of rounding.
    `relative_rates` are factors of the learning rate; that of parameters not in them is 1.
    """
    optimizer_class = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[name]
    groups: dict[float, list[nn.Parameter]] = {}
    for parameter in parameters:
        if parameter.requires_grad:
            groups.setdefault((relative_rates or {}).get(parameter, 1.0), []).append(parameter)
    optimizer = optimizer_class(
        [{"params": group, "lr": factor * learning_rate} for factor, group in groups.items()],
        lr=learning_rate,
        weight_decay=weight_decay,
        fused=fused or None,
    )

    def factor(step: int) -> float:
        """What the learning rate is multiplied by at a step, from 0 on."""
        return cosine_with_warmup(step, steps, warmup_share) if schedule == "cosine" else 1.0

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def is_evaluation(step: int, steps: int, evaluations: int) -> bool:
    """Whether to evaluate after this step: equally spaced, the last step included."""
    return step * evaluations // steps > (step - 1) * evaluations // steps
