"""Statistics are kept in the user's cache folder by the fingerprint of what they depend on."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.leaderboard.bulk import array_files
from benchmark.leaderboard.bulk.array_files import Arrays
from benchmark.leaderboard.bulk.setting_statistics import Task
from benchmark.workers import Workers

UNUSED_DAYS = 30


@dataclass(frozen=True)
class StatisticsCache:
    """Statistics in a folder, one file per task; without a folder nothing is kept."""

    folder: Path | None = None

    def get_or_compute(
        self,
        work: Callable[[Sequence[Task]], list[Arrays]],
        bundles: Sequence[Sequence[Task]],
        workers: Workers,
        *,
        parallel: bool,
    ) -> Iterator[list[Arrays]]:
        """Statistics of the tasks of each bundle, computed where they are not cached.

        Other processes begin at once, however late the first result is asked for.

        Args:
            work: Computes the statistics of one bundle.
            bundles: Tasks that are quicker to compute together; no bundle is empty.
            workers: Processes that compute.
            parallel: Whether all tasks together take longer than starting processes.
        """
        if self.folder is None:
            return workers.map(work, bundles, parallel=parallel)
        folder = self.folder / array_files.code_fingerprint()[:16]
        cached = [[_load(folder, task) for task in tasks] for tasks in bundles]
        todo = [
            [task for task, (_, arrays) in zip(tasks, files, strict=True) if arrays is None]
            for tasks, files in zip(bundles, cached, strict=True)
        ]
        many = 3 * sum(map(len, todo)) > sum(map(len, bundles))
        computed = workers.map(work, [tasks for tasks in todo if tasks], parallel=parallel and many)
        return (_completed(files, computed) for files in cached)


def _load(folder: Path, task: Task) -> tuple[Path, Arrays | None]:
    path = folder / type(task).__name__ / f"{task.fingerprint[:40]}.npz"
    return path, array_files.load_arrays(path)


def _completed(
    files: Sequence[tuple[Path, Arrays | None]], computed: Iterator[list[Arrays]]
) -> list[Arrays]:
    """The cached statistics of a bundle and the others as computed, which are then cached."""
    new = iter(next(computed) if any(arrays is None for _, arrays in files) else [])
    complete = []
    for path, arrays in files:
        if arrays is None:
            arrays = next(new)
            array_files.save_arrays(path, arrays)
        complete.append(arrays)
    return complete


def delete_unused(folder: Path | None) -> None:
    """Delete files that nothing has read for a month."""
    limit = time.time() - UNUSED_DAYS * 86400
    for path in folder.rglob("*.npz") if folder is not None else ():
        state = path.stat()
        if max(state.st_atime, state.st_mtime) < limit:
            path.unlink(missing_ok=True)
