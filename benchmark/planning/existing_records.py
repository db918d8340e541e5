"""Cells and sequences that are finished: taken over from others, marked as cards say today."""

from collections.abc import Iterable
from pathlib import Path

from benchmark.files import write_text
from benchmark.planning.sequences import SequenceRun
from benchmark.planning.transfers import Transfer
from benchmark.records.predictions import read_hashes
from benchmark.records.record import Marks
from benchmark.records.sequence_record import (
    has_sequence,
    read_sequence,
    sequence_path,
    write_sequence,
)
from benchmark.records.store import Store


def copy_existing_records(store: Store, shipped: Store, transfers: Iterable[Transfer]) -> int:
    """Copy records that others made under exactly the conditions of these cells.

    Args:
        store: Where they are wanted; what is there stays.
        shipped: Where they may be; their prediction hashes come along.
        transfers: Cells.

    Returns:
        How many were copied.
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
        write_text(store.path(cell), shipped.path(cell).read_text(encoding="utf-8"))
        count += 1
    return count


def refresh_marks(store: Store, transfers: Iterable[Transfer]) -> int:
    """Give finished records the marks that the cards ask for today.

    A mark is no condition of a result: a card may say only later that its data set is part of a
    larger one. Scores stay as they are; a record that someone checked has to be checked again.

    Returns:
        How many were changed.
    """
    count = 0
    for transfer in transfers:
        record = store.get(transfer.cell, transfer.key)
        if record and (marks := _marks(transfer.marks, record.marks)) != record.marks:
            store.write(record.model_copy(update={"marks": marks}))
            count += 1
    return count


def refresh_sequence_marks(folder: Path, runs: Iterable[SequenceRun]) -> int:
    """The same for finished sequences in a board's folder."""
    count = 0
    for run in runs:
        if has_sequence(folder, run.run, run.key):
            record = read_sequence(sequence_path(folder, run.run))
            marks = _marks(run.marks, record.marks)
            if marks != record.marks:
                write_sequence(folder, record.model_copy(update={"marks": marks}))
                count += 1
    return count


def _marks(today: Marks, recorded: Marks) -> Marks:
    """Only a run can tell whether the weights covered the network."""
    return today.model_copy(update={"partial_weights": recorded.partial_weights})
