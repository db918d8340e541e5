"""The candidates for the best of the table in which two entries stand."""

from collections.abc import Sequence

from benchmark.cards.board import BoardCard
from benchmark.errors import RecordError
from benchmark.leaderboard.build import build_leaderboard
from benchmark.leaderboard.entry_name import EntryName
from benchmark.leaderboard.index import Setting
from benchmark.leaderboard.rows import entries_of
from benchmark.records.record import RunRecord


def group_a(
    board: BoardCard,
    target: str,
    names: tuple[EntryName, EntryName],
    records: Sequence[RunRecord],
) -> tuple[EntryName, ...] | None:
    """Group a of the table in which both entries are ranked, as the leaderboard shows it.

    Args:
        board: The board of the records.
        target: Id of the target task.
        names: The two entries.
        records: Of all entries.

    Returns:
        None if the entries are ranked in different tables, one of them is not ranked, or there
        is no table because records of the target contradict each other.
    """
    first, second = names
    if (first.lane, first.train_subjects) != (second.lane, second.train_subjects):
        return None
    try:
        of_target = [record for record in records if record.cell.target == target]
        table = build_leaderboard(board, of_target)
    except RecordError:
        return None
    rows = table.ranked_rows(Setting(target, first.lane, first.train_subjects))
    entries = entries_of(rows)
    ranked = [EntryName(*entry, first.lane, first.train_subjects) for entry in entries]
    if not {first, second} <= {*ranked}:
        return None
    among = rows["group"].notna()
    return tuple(name for name, candidate in zip(ranked, among, strict=True) if candidate)
