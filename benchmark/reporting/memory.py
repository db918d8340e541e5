"""Statistics that were computed before are not computed again."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from benchmark.reporting.cache import Arrays, code_fingerprint, load_arrays, save_arrays
from benchmark.reporting.workers import Workers

UNUSED_DAYS = 30


class Task(Protocol):
    """Something whose statistics depend on it alone."""

    @property
    def fingerprint(self) -> str:
        """The same for the same task only."""


Work = TypeVar("Work", bound=Task)


@dataclass(frozen=True)
class Memory:
    """Remembered statistics in the user's own folder, a file a task; without one, none."""

    folder: Path | None = None

    def recall(
        self,
        work: Callable[[Work], Arrays],
        tasks: Sequence[Work],
        workers: Workers,
        *,
        worth: bool,
    ) -> Iterator[Arrays]:
        """Statistics of each task, computed where they are not remembered.

        Other processes begin at once, however late the first result is asked for.

        Args:
            work: Computes those of one task.
            tasks: One or more.
            workers: Who computes.
            worth: Whether all tasks together take longer than starting processes.
        """
        if self.folder is None:
            return workers.map(work, tasks, worth=worth)
        folder = self.folder / code_fingerprint()[:16] / work.__name__
        paths = [folder / f"{task.fingerprint[:40]}.npz" for task in tasks]
        found: list[Arrays | None] = [load_arrays(path) for path in paths]
        new = [place for place, known in enumerate(found) if known is None]
        todo = [tasks[place] for place in new]
        computed = workers.map(work, todo, worth=worth and 3 * len(new) > len(tasks))
        return map(partial(_kept, computed), found, paths)


def _kept(computed: Iterator[Arrays], known: Arrays | None, path: Path) -> Arrays:
    """What is known, else the next that was computed, kept for the next time."""
    if known is None:
        known = next(computed)
        save_arrays(path, known)
    return known


def forget_unused(folder: Path) -> None:
    """Delete what nothing has read for a month."""
    limit = time.time() - UNUSED_DAYS * 86400
    for path in folder.rglob("*.npz"):
        facts = path.stat()
        if max(facts.st_atime, facts.st_mtime) < limit:
            path.unlink(missing_ok=True)
