"""What a stretch of work took of the machine: wall time, memory, energy, how busy the GPU was."""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pynvml
import torch

RAPL = Path("/sys/class/powercap")
PROCESS = Path("/proc/self")
BETWEEN_READINGS_S = 0.5
Counter = Callable[[], float | None]


class Meter:
    """Readings of a stretch of work, complete when it ends; None where nothing could be read."""

    seconds: float = 0.0
    peak_memory_mib: float = 0.0
    joules: float | None = None
    method: str = "none"
    gpu_utilisation_percent: float | None = None


@contextmanager
def metered(device: torch.device) -> Iterator[Meter]:
    """Measure what is done inside.

    Energy and utilisation are of the whole device, other work included; memory is what tensors
    held on a GPU, and this process's resident memory on a CPU.
    """
    meter = Meter()
    meter.method, energy = energy_counter(device)
    _finish_and_forget_peak(device)
    before, started = energy(), time.perf_counter()
    with _readings(gpu_utilisation(device)) as readings:
        yield meter
        if device.type == "cuda":
            torch.cuda.synchronize(device)
    meter.seconds = time.perf_counter() - started
    after = energy()
    if before is not None and after is not None and after >= before:
        meter.joules = after - before
    else:
        meter.method = "none"
    meter.peak_memory_mib = peak_memory_mib(device)
    if readings:
        meter.gpu_utilisation_percent = sum(readings) / len(readings)


def energy_counter(device: torch.device) -> tuple[str, Counter]:
    """A counter of joules that only grows, and its name; `none` where there is none to read.

    NVIDIA: NVML's total energy. CPU: the packages' RAPL counters, where the system lets one
    read them.
    """
    if device.type == "cuda":
        read = _of_nvml(device, lambda card: pynvml.nvmlDeviceGetTotalEnergyConsumption(card) / 1e3)
        return ("none" if read() is None else "NVML"), read
    counters = sorted(RAPL.glob("intel-rapl:[0-9]*/energy_uj"))
    packages = [path for path in counters if path.parent.name.count(":") == 1]

    def rapl() -> float | None:
        try:
            return sum(int(path.read_text()) for path in packages) / 1e6
        except OSError:
            return None

    return ("RAPL", rapl) if packages and rapl() is not None else ("none", lambda: None)


def gpu_utilisation(device: torch.device) -> Counter:
    """Percent of NVML's last sampling period (1/6 to 1 s) in which a kernel ran on the GPU."""
    if device.type != "cuda":
        return lambda: None
    return _of_nvml(device, lambda card: float(pynvml.nvmlDeviceGetUtilizationRates(card).gpu))


def peak_memory_mib(device: torch.device) -> float:
    """Most memory held since the stretch began; since the process began where that is unknown."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    with suppress(OSError):
        lines = (PROCESS / "status").read_text().splitlines()
        peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
        if peaks:
            return peaks[0] / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _finish_and_forget_peak(device: torch.device) -> None:
    """Let earlier work on the device end, and count its peak of memory anew."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError):  # not Linux
            (PROCESS / "clear_refs").write_text("5")


def _of_nvml(device: torch.device, ask: Callable[[object], float]) -> Counter:
    """What NVML says of the card; None without a driver, a permission, or for part of a card.

    The card is found by its UUID, as CUDA and NVML may number cards differently.
    """
    try:
        pynvml.nvmlInit()
        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        card = pynvml.nvmlDeviceGetHandleByUUID(uuid)
    except pynvml.NVMLError:
        return lambda: None

    def read() -> float | None:
        try:
            return ask(card)
        except pynvml.NVMLError:
            return None

    return read


@contextmanager
def _readings(read: Counter) -> Iterator[list[float]]:
    """What is read now and then while the work goes on, and once at its end."""
    found: list[float | None] = []
    ended = Event()

    def follow() -> None:
        while not ended.wait(BETWEEN_READINGS_S):
            found.append(read())
        found.append(read())

    known: list[float] = []
    if read() is None:
        yield known
        return
    thread = Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        ended.set()
        thread.join()
        known += [one for one in found if one is not None]
