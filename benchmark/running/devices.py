"""The devices and the software of this machine."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import torch

from benchmark import __version__
from benchmark.errors import ProtocolError
from benchmark.records.record import Environment
from benchmark.workers import threads_for


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is CUDA if available, else the CPU.

    Raises:
        ProtocolError: The name is not that of a CPU or a CUDA device, or this machine has no such
            device.
    """
    count = torch.cuda.device_count()
    if name == "auto":
        name = "cuda" if count else "cpu"
    kind, _, number = name.partition(":")
    if name != "cpu" and (kind != "cuda" or not (name == kind or number.isdecimal())):
        raise ProtocolError(f"unknown device {name!r}; type --device auto, cpu, cuda or cuda:N")
    if kind == "cuda" and int(number or 0) >= count:
        usable = ", ".join(["cpu", *(f"cuda:{index}" for index in range(count))])
        raise ProtocolError(
            f"no device {name!r} that torch {torch.__version__} can use; available: {usable}"
        )
    return torch.device(name)


def set_threads(threads: int | None = None) -> None:
    """Set the threads of this process: as given, or OMP_NUM_THREADS, or one a core."""
    torch.set_num_threads(threads_for(1, threads))


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside: results that do not depend on how many this machine has."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def processor() -> str:
    """Model of the CPU as the system names it; the machine type where it does not."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def libraries() -> dict[str, str]:
    """Versions of the libraries that, besides torch, make networks and numbers."""
    names = ("numpy", "timm", "segmentation-models-pytorch", "monai")
    return {name: version(name) for name in names}


def environment(device: torch.device, gpu_shared: str = "") -> Environment:
    """Software and hardware of this process.

    Args:
        device: CPU or GPU.
        gpu_shared: How cells share a GPU: time and memory of a cell are other ones then.
    """
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return Environment(
        segtransfer=__version__,
        python=platform.python_version(),
        torch=torch.__version__,
        device=f"{name}, {gpu_shared}" if gpu_shared and device.type == "cuda" else name,
        threads=torch.get_num_threads(),
    )
