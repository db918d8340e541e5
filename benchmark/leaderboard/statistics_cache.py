"""Statistics that were computed before are not computed again."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from benchmark.leaderboard.records_cache import Arrays, code_fingerprint, load_arrays, save_arrays
from benchmark.workers import Workers

UNUSED_DAYS = 30


class Task(Protocol):
    """Something whose statistics depend on it alone."""

    @property
    def fingerprint(self) -> str:
        """The same for the same task only."""


Work = TypeVar("Work", bound=Task)


@dataclass(frozen=True)
class StatisticsCache:
    """Remembered statistics in the user's own folder, a file a task; without one, none."""

    folder: Path | None = None

    def get_or_compute(
        self,
        work: Callable[[Sequence[Work]], list[Arrays]],
        bundles: Sequence[Sequence[Work]],
        workers: Workers,
        *,
        parallel: bool,
    ) -> Iterator[list[Arrays]]:
        """Statistics of the tasks of each bundle, computed where they are not remembered.

        Other processes begin at once, however late the first result is asked for.

        Args:
            work: Computes those of one bundle.
            bundles: Tasks that are quicker to compute together; one or more of one or more.
            workers: Who computes.
            parallel: Whether all tasks together take longer than starting processes.
        """
        if self.folder is None:
            return workers.map(work, bundles, parallel=parallel)
        folder = self.folder / code_fingerprint()[:16]
        remembered = [[self._find(folder, task) for task in tasks] for tasks in bundles]
        todo = [
            [task for task, (_, known) in zip(tasks, found, strict=True) if known is None]
            for tasks, found in zip(bundles, remembered, strict=True)
        ]
        many = 3 * sum(map(len, todo)) > sum(map(len, bundles))
        computed = workers.map(work, [tasks for tasks in todo if tasks], parallel=parallel and many)
        return (_kept(found, computed) for found in remembered)

    @staticmethod
    def _find(folder: Path, task: Task) -> tuple[Path, Arrays | None]:
        path = folder / type(task).__name__ / f"{task.fingerprint[:40]}.npz"
        return path, load_arrays(path)


def _kept(
    found: Sequence[tuple[Path, Arrays | None]], computed: Iterator[list[Arrays]]
) -> list[Arrays]:
    """What is known of a bundle, and the rest as computed, kept for the next time."""
    new = iter(next(computed) if any(known is None for _, known in found) else [])
    done = []
    for path, known in found:
        if known is None:
            known = next(new)
            save_arrays(path, known)
        done.append(known)
    return done


def forget_unused(folder: Path) -> None:
    """Delete what nothing has read for a month."""
    limit = time.time() - UNUSED_DAYS * 86400
    for path in folder.rglob("*.npz"):
        facts = path.stat()
        if max(facts.st_atime, facts.st_mtime) < limit:
            path.unlink(missing_ok=True)
