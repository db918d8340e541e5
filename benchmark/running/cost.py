"""Cost of a cell: parameters and counted operations, together with what was measured."""

from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmark.cards.protocol import FineTuningProtocol
from benchmark.models.networks import SegmentationNetwork, parameter_counts
from benchmark.records.record import Cost


def training_gflop(network: SegmentationNetwork, protocol: FineTuningProtocol, steps: int) -> float:
    """10^9 floating-point operations of all training steps, counted on one image.

    Forward and backward pass of convolutions and matrix products (a multiplication and an
    addition are two) for the parts that train in the end; validation and test are not included.
    """
    image = torch.zeros((1, 1, protocol.input_size, protocol.input_size), device=network.device)
    modes = [(module, module.training) for module in network.modules()]
    network.eval()  # the same operations, and running statistics stay the same
    with FlopCounterMode(display=False) as counter:
        network(image).sum().backward()
    network.zero_grad(set_to_none=True)
    for module, mode in modes:
        module.training = mode
    return float(counter.get_total_flops()) * steps * protocol.batch_size / 1e9


def forward_gflop(network: SegmentationNetwork, size: int) -> float:
    """10^9 floating-point operations to segment one image of `size` rows and columns."""
    network.eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.zeros((1, 1, size, size), device=network.device))
    return float(counter.get_total_flops()) / 1e9


def cost(
    network: SegmentationNetwork,
    protocol: FineTuningProtocol,
    steps: int,
    measured: dict[str, Any],
    seconds: float,
) -> Cost:
    """The cost of a cell.

    Args:
        network: After fine-tuning.
        protocol: Under which it was fine-tuned.
        steps: Optimiser steps in all.
        measured: Fields of `Cost` that `metered` gave for fine-tuning.
        seconds: Duration of the complete cell.
    """
    total, trainable = parameter_counts(network)
    return Cost(
        total_parameters=total,
        trainable_parameters=trainable,
        training_gflop=round(training_gflop(network, protocol, steps), 3),
        total_seconds=round(seconds, 3),
        **measured,
    )
