"""Wall time, memory, energy and GPU utilisation of a stretch of work."""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pynvml
import torch

RAPL = Path("/sys/class/powercap")
PROCESS = Path("/proc/self")
SAMPLING_PERIOD_S = 0.5
Reader = Callable[[], float | None]


@contextmanager
def metered(device: torch.device) -> Iterator[dict[str, Any]]:
    """Measure what is done inside.

    Energy and utilisation are of the complete device, other work included; memory is that of
    tensors on a GPU, and the resident memory of this process on a CPU.

    Yields:
        Empty until the work ends; then the measured fields of `records.record.Cost`. None stands
        for what could not be read.
    """
    measured: dict[str, Any] = {}
    method, energy = energy_counter(device)
    _reset_peak_memory(device)
    before, started = energy(), time.perf_counter()
    with _sampled(gpu_utilisation(device)) as samples:
        yield measured
        if device.type == "cuda":
            torch.cuda.synchronize(device)
    seconds, after = time.perf_counter() - started, energy()
    joules = None if before is None or after is None or after < before else after - before
    measured.update(
        fine_tuning_seconds=round(seconds, 3),
        peak_memory_mib=round(peak_memory_mib(device), 1),
        energy_joules=None if joules is None else round(joules, 1),
        energy_method="none" if joules is None else method,
        gpu_utilisation_percent=round(sum(samples) / len(samples), 1) if samples else None,
    )


def energy_counter(device: torch.device) -> tuple[str, Reader]:
    """The name and the reader of a counter of joules that only grows; `none` without a counter.

    NVIDIA: NVML's total energy. CPU: RAPL counters of the packages, if the system lets this user
    read them.
    """
    if device.type == "cuda":
        read = _nvml(device, lambda card: pynvml.nvmlDeviceGetTotalEnergyConsumption(card) / 1e3)
        return ("none" if read() is None else "NVML"), read
    counters = sorted(RAPL.glob("intel-rapl:[0-9]*/energy_uj"))
    packages = [path for path in counters if path.parent.name.count(":") == 1]

    def rapl() -> float | None:
        """Joules since a start of its own; None where the counters may not be read."""
        try:
            return sum(int(path.read_text()) for path in packages) / 1e6
        except OSError:
            return None

    return ("RAPL", rapl) if packages and rapl() is not None else ("none", lambda: None)


def gpu_utilisation(device: torch.device) -> Reader:
    """Percent of NVML's last sampling period (1/6 to 1 s) in which a kernel ran on the GPU."""
    if device.type != "cuda":
        return lambda: None
    return _nvml(device, lambda card: float(pynvml.nvmlDeviceGetUtilizationRates(card).gpu))


def peak_memory_mib(device: torch.device) -> float:
    """Peak memory since `metered` began; since the process began if the system cannot reset it."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    with suppress(OSError):
        lines = (PROCESS / "status").read_text().splitlines()
        peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
        if peaks:
            return peaks[0] / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _reset_peak_memory(device: torch.device) -> None:
    """Wait for earlier work on the device, and reset its peak of memory."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError):  # not Linux
            (PROCESS / "clear_refs").write_text("5")


def _nvml(device: torch.device, query: Callable[[object], float]) -> Reader:
    """A reading of NVML; None without a driver or a permission, and for part of a card.

    The card is found by its UUID, as CUDA and NVML may number cards differently.
    """
    try:
        pynvml.nvmlInit()
        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        card = pynvml.nvmlDeviceGetHandleByUUID(uuid)
    except pynvml.NVMLError:
        return lambda: None

    def read() -> float | None:
        """The answer of NVML, in the unit of `query`; None if it has none."""
        try:
            return query(card)
        except pynvml.NVMLError:
            return None

    return read


@contextmanager
def _sampled(read: Reader) -> Iterator[list[float]]:
    """Readings at intervals while the work goes on and one at its end; empty if unreadable."""
    samples: list[float] = []
    if read() is None:
        yield samples
        return
    ended = Event()

    def sample() -> None:
        """Read until the work has ended, and once more."""
        running = True
        while running:
            running = not ended.wait(SAMPLING_PERIOD_S)
            if (value := read()) is not None:
                samples.append(value)

    thread = Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()
