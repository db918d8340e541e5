"""What all commands share: settings, consoles, progress bars."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars

from benchmark.errors import UnfinishedRun
from benchmark.workspace import Workspace

console = Console()
errors = Console(stderr=True, soft_wrap=True, highlight=False)


@dataclass
class Settings:
    """Where cards and local data lie, and whether errors show their traceback."""

    content: tuple[Path, ...] = ()
    home: Path | None = None
    debug: bool = False

    @cached_property
    def workspace(self) -> Workspace:
        """All cards and the folder of local data, read when first needed."""
        return Workspace.load(self.home, self.content)


settings = Settings()


def bars(*, transfer: bool = False) -> Bars:
    """Progress bars on standard error, so that tables can be piped; in bytes for a transfer."""
    counts = (DownloadColumn(), TransferSpeedColumn()) if transfer else (MofNCompleteColumn(),)
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        *counts,
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )


def print_text(*lines: str) -> None:
    """Print text as it is: no markup, no colours, no broken addresses."""
    console.print("\n".join(lines), markup=False, highlight=False, emoji=False, soft_wrap=True)


def print_failures(unfinished: UnfinishedRun) -> None:
    """List on standard error what failed in a run."""
    for line in unfinished.failures:
        errors.print(f"failed: {line}", markup=False)


class StageDisplay:
    """Shows (stage, done, total) as one bar that changes its name.

    With `lines`, a line on standard error begins each stage where nobody is at a terminal.
    """

    def __init__(self, progress: Bars, start: str = "starting", *, lines: bool = True) -> None:
        """Add the bar."""
        self.lines = lines and not errors.is_terminal
        self.progress, self.task = progress, progress.add_task(start, total=None)
        self.stage = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Update the bar; a total of 0 is unknown."""
        total = max(done, total)
        if self.lines and stage != self.stage:
            errors.print(f"{stage} ...", markup=False)
        self.stage = stage
        self.progress.update(self.task, description=stage, completed=done, total=total)


@contextmanager
def stages(start: str = "starting", *, transfer: bool = False) -> Iterator[StageDisplay]:
    """The display of what one task does, stage after stage."""
    with bars(transfer=transfer) as progress:
        yield StageDisplay(progress, start)


def print_json(data: object) -> None:
    """Print plain data as JSON."""
    print_text(json.dumps(data, indent=1, ensure_ascii=False))


def interactive() -> bool:
    """Whether somebody can answer a question."""
    return sys.stdin.isatty()
