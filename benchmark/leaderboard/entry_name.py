"""Entries as they are typed: `source`, `source/strategy` or `source/strategy/n8`."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.errors import RecordError, unknown_name
from benchmark.records.record import RunRecord


@dataclass(frozen=True, order=True)
class EntryName:
    """A source with a strategy and a number of training subjects (0: all)."""

    source: str
    strategy: str
    train_subjects: int

    def __str__(self) -> str:
        """As it is typed."""
        return f"{self.source}/{self.strategy}/n{self.train_subjects or 'all'}"


def find_entries(
    first: str, second: str, records: Iterable[RunRecord]
) -> tuple[EntryName, EntryName]:
    """The two entries that are meant; what one leaves open follows the other where it can.

    Args:
        first: `source`, `source/strategy` or `source/strategy/n8`.
        second: The same.
        records: Of the board.

    Raises:
        RecordError: An entry is unknown, or could be several.
    """
    known = sorted({entry_of(record) for record in records})
    if not known:
        raise RecordError("the board has no records yet; type `segtransfer run` first")
    a, b = _candidates(first, known), _candidates(second, known)
    pairs = [(x, y) for x in a for y in b if x != y] or [(a[0], b[0])]
    alike = [
        (x, y) for x, y in pairs if (x.strategy, x.train_subjects) == (y.strategy, y.train_subjects)
    ]
    pairs = alike or pairs
    if len(pairs) > 1:
        text, candidates = (first, a) if len({x for x, _ in pairs}) > 1 else (second, b)
        shown = ", ".join(map(str, candidates[:6])) + (", ..." if len(candidates) > 6 else "")
        raise RecordError(f"{text!r} could be {shown}; write one of them")
    if pairs[0][0] == pairs[0][1]:
        raise RecordError(f"both entries are {pairs[0][0]}; name two")
    return pairs[0]


def entry_of(record: RunRecord) -> EntryName:
    """The entry that a record is part of."""
    cell = record.cell
    return EntryName(cell.source, cell.strategy, cell.train_subjects)


def _candidates(text: str, known: Sequence[EntryName]) -> list[EntryName]:
    source, *words = text.split("/")
    matching = [entry for entry in known if entry.source == source]
    if not matching:
        raise RecordError(unknown_name("entry", source, {entry.source for entry in known}))
    for word in words:
        names = {entry.strategy for entry in matching} | {
            f"n{entry.train_subjects or 'all'}" for entry in matching
        }
        if word not in names:
            kind = "size" if re.fullmatch(r"n(\d+|all)", word) else "strategy"
            raise RecordError(unknown_name(f"{kind} of {source}", word, names))
        matching = [
            entry
            for entry in matching
            if word in (entry.strategy, f"n{entry.train_subjects or 'all'}")
        ]
    return matching
