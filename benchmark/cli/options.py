"""Options that several commands share, so that they have one name, help and meaning."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import benchmark
from benchmark.cards.lanes import LANES
from benchmark.errors import CardError, unknown_name

if TYPE_CHECKING:
    from benchmark.cards.lanes import Lane

BoardId = Annotated[str, typer.Argument(help="Id of the board.")]
OfBoard = Annotated[str, typer.Option(help="Comma-separated (default: all of the board).")]
Sizes = Annotated[
    str, typer.Option(help="Numbers of training subjects, 0 for all (default: those of the board).")
]
Out = Annotated[Path | None, typer.Option(help="Leaderboard folder (default: runs/BOARD).")]


def _device(name: str) -> str:
    """A device by its name, before torch is imported.

    Raises:
        CardError: No device has such a name.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise CardError(f"unknown device {name!r}; type --device auto, cpu, cuda or cuda:N")
    return name


Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.", callback=_device)]
Jobs = Annotated[int, typer.Option(min=1, help="Cells run in parallel, a process each.")]
Threads = Annotated[
    int | None,
    typer.Option(min=1, help="CPU threads of a job (default: OMP_NUM_THREADS, or cores / jobs)."),
]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="Accept incomplete weights; marked.")
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Also run again what diverged in an earlier run.")
]
Pictures = Annotated[
    bool, typer.Option("--pictures/--no-pictures", help="Draw three test cases of each cell.")
]
Engine = Annotated[
    str,
    typer.Option(help="local, or ray: the cluster of RAY_ADDRESS, or one that is started here."),
]
CpusPerCell = Annotated[
    float | None, typer.Option(min=0.1, help="With --engine ray: CPUs, and threads (default: 1).")
]
GpusPerCell = Annotated[
    float | None, typer.Option(min=0, max=1, help="With --engine ray: GPUs, 0.25 for a quarter.")
]
MemoryPerCell = Annotated[
    float | None, typer.Option(min=0, help="With --engine ray: GiB set aside.")
]
ShardPart = Annotated[
    str, typer.Option("--shard", metavar="I/N", help="Part I of N of the grid, for job arrays.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print what would be run.")]


def names(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated option."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def numbers(option: str, text: str) -> tuple[int, ...]:
    """The whole numbers of a comma-separated option.

    Raises:
        CardError: A part is not a whole number.
    """
    try:
        return tuple(int(part) for part in names(text))
    except ValueError:
        raise CardError(f"{option} {text!r}: expected whole numbers, comma-separated") from None


def _lanes(text: str) -> "tuple[Lane, ...]":
    """The lanes of a comma-separated option.

    Raises:
        CardError: A part is not the name of a lane.
    """
    chosen = names(text)
    for name in chosen:
        if name not in LANES:
            raise CardError(f"--lanes: {unknown_name('lane', name, LANES)}")
    return tuple(lane for lane in LANES if lane in chosen)


def grid_selection(
    *,
    sources: str = "",
    targets: str = "",
    lanes: str = "",
    strategies: str = "",
    sizes: str = "",
    seeds: str = "",
    limit_steps: int | None = None,
) -> "benchmark.GridSelection":
    """Which part of a board's grid the options name.

    Raises:
        CardError: A lane is unknown, or a size or seed is not a whole number.
    """
    return benchmark.GridSelection(
        sources=names(sources),
        targets=names(targets),
        lanes=_lanes(lanes),
        strategies=names(strategies),
        train_subjects=numbers("--sizes", sizes),
        seeds=numbers("--seeds", seeds),
        limit_steps=limit_steps,
    )


def ray_task(
    engine: str, cpus: float | None, gpus: float | None, memory_gib: float | None, device: str
) -> "benchmark.RayTask | None":
    """What a cell asks of a Ray cluster; None for the local engine.

    Raises:
        CardError: The engine is unknown, or an option belongs to the other one.
    """
    if engine not in ("local", "ray"):
        raise CardError(f"--engine: {unknown_name('engine', engine, ('local', 'ray'))}")
    if engine == "local":
        if (cpus, gpus, memory_gib) != (None, None, None):
            raise CardError("--cpus-per-cell, --gpus-per-cell, --memory-per-cell: add --engine ray")
        return None
    if device != "auto":
        raise CardError(f"--device {device}: with --engine ray, --gpus-per-cell states the device")
    return benchmark.RayTask(cpus=cpus or 1.0, gpus=gpus or 0.0, memory_gib=memory_gib or 0.0)
