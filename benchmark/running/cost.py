"""What a cell costs: parameters, counted operations, wall time, memory, energy."""

import platform
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmark.cards.protocol import FineTuningProtocol
from benchmark.models.networks import SegmentationNetwork, parameter_counts
from benchmark.records.record import Cost

RAPL = Path("/sys/class/powercap")


class Meter:
    """Wall time and energy of a stretch of work, read before and after."""

    seconds: float = 0.0
    joules: float | None = None
    method: str = "none"


@contextmanager
def metered(device: torch.device) -> Iterator[Meter]:
    """Measure what is done inside; the energy is of the whole device, other work included."""
    meter, started = Meter(), time.perf_counter()
    meter.method, read = energy_counter(device)
    before = read()
    yield meter
    meter.seconds = time.perf_counter() - started
    after = read()
    if before is not None and after is not None and after >= before:
        meter.joules = after - before
    else:
        meter.method = "none"


def energy_counter(device: torch.device) -> tuple[str, Callable[[], float | None]]:
    """A counter of joules that only grows, and its name; `none` where there is none to read.

    NVIDIA: NVML's total energy (needs nvidia-ml-py). CPU: the packages' RAPL counters, where the
    system lets one read them.
    """
    if device.type == "cuda":
        try:
            import pynvml  # type: ignore[import-not-found]

            pynvml.nvmlInit()
            handle = pynvml.nvmlDeviceGetHandleByIndex(device.index or 0)
            pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        except Exception:  # not installed, no permission, or a card without the counter
            return "none", lambda: None
        return "NVML", lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3
    counters = sorted(RAPL.glob("intel-rapl:[0-9]*/energy_uj"))
    packages = [path for path in counters if path.parent.name.count(":") == 1]

    def read() -> float | None:
        try:
            return sum(int(path.read_text()) for path in packages) / 1e6
        except OSError:
            return None

    return ("RAPL", read) if packages and read() is not None else ("none", lambda: None)


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
    """The record's cost; memory is the device's where it is CUDA, else the process's peak."""
    total, trainable = parameter_counts(network)
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return Cost(
        total_parameters=total,
        trainable_parameters=trainable,
        training_gflop=round(training_gflop(network, protocol, steps, device), 3),
        fine_tuning_seconds=round(tuning.seconds, 3),
        total_seconds=round(seconds, 3),
        peak_memory_mib=round(peak, 1),
        energy_joules=None if tuning.joules is None else round(tuning.joules, 1),
        energy_method=tuning.method,
    )


def processor() -> str:
    """Model of the CPU as the system names it; the machine type where it does not."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
