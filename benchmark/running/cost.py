"""What a cell costs: parameters and counted operations beside what was measured."""

import platform
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmark.cards.protocol import FineTuningProtocol
from benchmark.models.networks import SegmentationNetwork, parameter_counts
from benchmark.records.record import Cost
from benchmark.running.meter import Meter


def training_gflop(
    network: SegmentationNetwork, protocol: FineTuningProtocol, steps: int, device: torch.device
) -> float:
    """10^9 floating-point operations of all training steps, counted on one image, not guessed.

    Forward and backward of convolutions and matrix products (a multiplication and an addition
    are two), for what trains in the end; validation and test are not in it.
    """
    image = torch.zeros((1, 1, protocol.input_size, protocol.input_size), device=device)
    modes = [(module, module.training) for module in network.modules()]
    network.eval()  # the same operations, and no statistics move
    with FlopCounterMode(display=False) as counter:
        network(image).sum().backward()
    network.zero_grad(set_to_none=True)
    for module, mode in modes:
        module.training = mode
    return float(counter.get_total_flops()) * steps * protocol.batch_size / 1e9


def forward_gflop(network: SegmentationNetwork, size: int, device: torch.device) -> float:
    """10^9 floating-point operations to segment one image of so many rows and columns."""
    network.eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.zeros((1, 1, size, size), device=device))
    return float(counter.get_total_flops()) / 1e9


def cost(
    network: SegmentationNetwork,
    protocol: FineTuningProtocol,
    steps: int,
    device: torch.device,
    tuning: Meter,
    seconds: float,
) -> Cost:
    """The record's cost; `seconds` is how long the whole cell took."""
    total, trainable = parameter_counts(network)
    busy = tuning.gpu_utilisation_percent
    return Cost(
        total_parameters=total,
        trainable_parameters=trainable,
        training_gflop=round(training_gflop(network, protocol, steps, device), 3),
        fine_tuning_seconds=round(tuning.seconds, 3),
        total_seconds=round(seconds, 3),
        peak_memory_mib=round(tuning.peak_memory_mib, 1),
        energy_joules=None if tuning.joules is None else round(tuning.joules, 1),
        energy_method=tuning.method,
        gpu_utilisation_percent=None if busy is None else round(busy, 1),
    )


def processor() -> str:
    """Model of the CPU as the system names it; the machine type where it does not."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
