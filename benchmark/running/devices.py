"""Where cells and pretrainings are run."""

import torch

from benchmark.errors import ProtocolError
from benchmark.workers import cores


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is CUDA where there is one, else the CPU.

    Raises:
        ProtocolError: The name is none of a CPU or a CUDA device, or this machine has no such.
    """
    found = torch.cuda.device_count()
    if name == "auto":
        name = "cuda" if found else "cpu"
    kind, _, number = name.partition(":")
    if name != "cpu" and (kind != "cuda" or not (name == kind or number.isdecimal())):
        raise ProtocolError(f"unknown device {name!r}; type --device auto, cpu, cuda or cuda:N")
    if kind == "cuda" and int(number or 0) >= found:
        here = ", ".join(["cpu", *(f"cuda:{one}" for one in range(found))])
        raise ProtocolError(
            f"no device {name!r} that torch {torch.__version__} can use; here: {here}"
        )
    return torch.device(name)


def set_threads(jobs: int) -> None:
    """Threads of this process = cores / jobs; more would make all of them wait."""
    torch.set_num_threads(max(1, cores() // jobs))
