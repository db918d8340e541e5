"""One attempt to run a cell or a sequence: claimed, unless it has a record by then."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.files import require_space
from benchmark.planning.existing_records import refresh_marks
from benchmark.records.record import Failure
from benchmark.records.record_files import RecordFolder
from benchmark.running.claims import claimed
from benchmark.workers import Progress

RunOne = Callable[[Path, Any, Progress], None]  # folder of the board, item, progress


class Attempt(NamedTuple):
    """What is to have a record.

    Attributes:
        item: The transfer or the sequence.
        identity: Of the record.
        key: Of the record.
    """

    item: Any
    identity: Any
    key: str


class Attempted(NamedTuple):
    """Whether another run has claimed it, and why it failed, if its training diverged."""

    elsewhere: bool = False
    failed: Failure | None = None


def unfinished(
    store: RecordFolder[Any, Any], retry_failed: bool, wanted: Iterable[Attempt]
) -> tuple[list[Attempt], int]:
    """What has no record of exactly its conditions, or one that is to be made again.

    Records are read once: those that are there are given the marks of today's cards. Returns how
    many had others too.
    """
    todo, changed = list[Attempt](), 0
    for candidate in wanted:
        record = store.get(candidate.identity, candidate.key)
        if record is None or (retry_failed and record.failed):
            todo.append(candidate)
        if record is not None:
            changed += refresh_marks(store, record, candidate.item.marks)
    return todo, changed


def attempt(
    store: RecordFolder[Any, Any],
    retry_failed: bool,
    run_one: RunOne,
    wanted: Attempt,
    progress: Progress,
) -> Attempted:
    """Run it, unless another run does or has done.

    Args:
        store: Of the records.
        retry_failed: Whether a record that failed is made again.
        run_one: Makes the record and writes it into the folder.
        wanted: What is to be run.
        progress: Called with each stage.

    Raises:
        RecordError: The disk is nearly full.
        Exception: Whatever the run raises, and OSError where the folder cannot be written.
    """
    with claimed(store.folder, f"{store.subfolder}/{wanted.identity.path}") as ours:
        if not ours:
            return Attempted(elsewhere=True)
        record = store.get(wanted.identity, wanted.key)
        if record is None or (retry_failed and record.failed):
            require_space(store.folder)
            progress(wanted.identity.path, 0, 0)
            run_one(store.folder, wanted.item, progress)
            record = store.get(wanted.identity, wanted.key)
    return Attempted(failed=record.failed if record is not None else None)
