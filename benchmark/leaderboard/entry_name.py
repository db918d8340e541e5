"""Entries as they are typed: `source`, `source/strategy/n8` or `source/strategy/dpt/n8`."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.cards.lanes import Lane
from benchmark.errors import RecordError, unknown_name
from benchmark.records.record import RunRecord


@dataclass(frozen=True, order=True)
class EntryName:
    """A source with a strategy, a lane and a number of training subjects (0: all)."""

    source: str
    strategy: str
    lane: Lane
    train_subjects: int

    @property
    def words(self) -> tuple[str, str, str]:
        """What may follow the source."""
        return self.strategy, self.lane, f"n{self.train_subjects or 'all'}"

    def __str__(self) -> str:
        """As it is typed; the lane `unet` is left out."""
        words = (word for word in self.words if word != "unet")
        return "/".join([self.source, *words])


def find_entries(
    first: str, second: str, records: Iterable[RunRecord]
) -> tuple[EntryName, EntryName]:
    """The two entries that are meant; what one leaves open follows the other where it can.

    Args:
        first: `source`, and as far as they are needed strategy, lane and `n8`.
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
    alike = [(x, y) for x, y in pairs if x.words == y.words]
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
    return EntryName(cell.source, cell.strategy, cell.lane, cell.train_subjects)


def _candidates(text: str, known: Sequence[EntryName]) -> list[EntryName]:
    source, *words = text.split("/")
    matching = [entry for entry in known if entry.source == source]
    if not matching:
        raise RecordError(unknown_name("entry", source, {entry.source for entry in known}))
    if exact := [entry for entry in matching if str(entry) == text]:
        return exact
    free = [0, 1, 2]  # each word is one of `words`; a strategy and a lane may have the same name
    for word in words:
        names = {k: {entry.words[k] for entry in matching} for k in free}
        position = next((k for k in free if word in names[k]), None)
        if position is None:
            laned = any(entry.lane != "unet" for entry in matching)
            kind = "strategy or lane" if laned else "strategy"
            kind = "size" if re.fullmatch(r"n(\d+|all)", word) else kind
            raise RecordError(
                unknown_name(f"{kind} of {source}", word, set().union(*names.values()))
            )
        matching = [entry for entry in matching if entry.words[position] == word]
        free.remove(position)
    return matching
