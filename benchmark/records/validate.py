"""The conditions that a record must meet to be on a board, in addition to its schema."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.cards.board import BoardCard
from benchmark.cards.lanes import Lane
from benchmark.errors import RecordError
from benchmark.records.case_table import CasesError, CaseTable, case_table
from benchmark.records.cell import cell_key
from benchmark.records.record import RunRecord

OTHER_PROTOCOL = "made under another protocol"
AGAIN = "delete the record and run the cell again"


@dataclass(frozen=True)
class Conditions:
    """What a board requires of its records.

    Attributes:
        board: Id of the board.
        protocols: Fingerprint of its protocol in each of its lanes.
        strategies: Fingerprint of each of its strategies.
        sizes: Its numbers of training subjects.
        seeds: Its seeds.
    """

    board: str
    protocols: Mapping[Lane, str]
    strategies: Mapping[str, str]
    sizes: tuple[int, ...]
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, board: BoardCard) -> "Conditions":
        """The conditions of a board."""
        protocols = {lane: board.protocol_fingerprint(lane) for lane in board.lanes}
        strategies = {name: board.strategy_fingerprint(name) for name in board.strategies}
        return cls(board.id, protocols, strategies, board.train_subjects, board.seeds)

    def unranked(self, record: RunRecord) -> tuple[str, ...]:
        """Why a record may not be ranked on the board; empty if it may.

        A record made before the protocol of its lane was changed is readable and is shown, but it
        is not ranked with those made since. A trial has its own reason.
        """
        same = record.fingerprints.protocol == self.protocols.get(record.cell.lane)
        return record.marks.unranked or (() if same else (OTHER_PROTOCOL,))


def check_record(record: RunRecord, name: str, path: str, wanted: Conditions) -> CaseTable:
    """Check a record against its place, its board, its own key, and itself.

    Sources and targets are open; lanes, strategies, sizes and seeds are the board's. A record made
    under another protocol passes, see `Conditions.unranked`.

    Args:
        record: As read.
        name: Its path below `records/`.
        path: The name of the file in messages.
        wanted: What the board requires.

    Returns:
        Its scores.

    Raises:
        RecordError: One line with the file, the field, what was found and what was expected.
    """
    cell, prints = record.cell, record.fingerprints
    if cell.path != name or cell.board != wanted.board:
        raise RecordError(
            f"{path}: holds the record of board {cell.board!r}, {cell.path!r}; path and content "
            "must agree"
        )
    if cell.lane not in wanted.protocols:
        raise RecordError(
            f"{path}: cell.lane: {cell.lane!r} is not on this board, which has "
            f"{', '.join(wanted.protocols)}; move it to its board"
        )
    if prints.strategy != wanted.strategies.get(cell.strategy):
        raise RecordError(f"{path}: strategy {cell.strategy!r} is not the board's; {AGAIN}")
    for field, value, known in (
        ("train_subjects", cell.train_subjects, wanted.sizes),
        ("seed", cell.seed, wanted.seeds),
    ):
        if value not in known:
            raise RecordError(
                f"{path}: cell.{field}: {value} is not on this board, which has "
                f"{', '.join(map(str, known))}; {AGAIN}"
            )
    if record.key != cell_key(cell, prints):
        raise RecordError(
            f"{path}: key: is not that of cell and fingerprints, so one of them was edited; {AGAIN}"
        )
    if not record.frozen_tensors_unchanged:
        raise RecordError(
            f"{path}: frozen_tensors_unchanged: false; what a strategy freezes must not move; "
            f"{AGAIN}"
        )
    table = record_scores(record, path)
    if record.failed and any(row.reference_empty == row.prediction_empty for row in record.cases):
        raise RecordError(
            f"{path}: failed: is given, but not every structure counts as missed or invented; "
            f"{AGAIN}"
        )
    return table


def record_scores(record: RunRecord, path: str = "") -> CaseTable:
    """The scores of a record, checked.

    Raises:
        RecordError: As `check_record`.
    """
    path = path or record.cell.path
    try:
        table = case_table(record.cases)
    except CasesError as error:
        raise RecordError(f"{path}: {error}; {AGAIN}") from None
    if record.main_metric not in table.metrics:
        raise RecordError(
            f"{path}: main_metric: {record.main_metric!r} has no scores; there are "
            f"{', '.join(table.metrics) or 'none'}; {AGAIN}"
        )
    return table
