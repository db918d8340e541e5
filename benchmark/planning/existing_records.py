"""Finished cells and sequences: copied from another store, marked as the cards ask for now."""

from collections.abc import Iterable
from typing import Any

from benchmark.files import write_bytes, write_text
from benchmark.planning.transfers import Transfer
from benchmark.records.predictions import read_hashes
from benchmark.records.record import Marks
from benchmark.records.record_files import RecordFolder
from benchmark.records.store import Store


def copy_existing_records(store: Store, shipped: Store, transfers: Iterable[Transfer]) -> int:
    """Copy the records of cells that were run elsewhere under exactly the same conditions.

    Args:
        store: Where they are copied to; existing records stay.
        shipped: Where they are copied from, with their prediction hashes.
        transfers: The cells.

    Returns:
        The number of copied records.
    """
    count = 0
    for transfer in transfers:
        cell, key = transfer.cell, transfer.key
        if store.has(cell, key) or not shipped.has(cell, key):
            continue
        hashes = shipped.folder / "predictions" / cell.path
        if hashes.is_file() and read_hashes(hashes).key == key:
            text = hashes.read_text(encoding="utf-8")
            write_text(store.folder / "predictions" / cell.path, text)
        write_bytes(store.path(cell), shipped.content(cell.path).data)
        count += 1
    return count


def refresh_marks(store: RecordFolder[Any, Any], record: Any, planned: Marks) -> bool:
    """Give a finished record the marks that the cards ask for now.

    A mark is not a condition of a result: a card may state only later that its data set is part
    of a larger one. Scores stay the same; a verified record has to be verified again.

    Returns:
        Whether they were others.
    """
    marks = _updated(planned, record.marks)
    if marks == record.marks:
        return False
    store.write(record.model_copy(update={"marks": marks}))
    return True


def _updated(planned: Marks, recorded: Marks) -> Marks:
    """The planned marks; those of weights and of unseen labels are known only from the run."""
    of_run = {"partial_weights": recorded.partial_weights, "unseen_labels": recorded.unseen_labels}
    return planned.model_copy(update=of_run)
