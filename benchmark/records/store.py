"""The folder of a board: board.yaml, and one record per cell."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmark.cards.board import BoardCard
from benchmark.cards.card import check_model, read_yaml
from benchmark.errors import RecordError
from benchmark.files import printable
from benchmark.records.case_table import CaseTable
from benchmark.records.cell import CellId
from benchmark.records.fast_read import read_quickly
from benchmark.records.record import RunRecord
from benchmark.records.record_content import FileState
from benchmark.records.record_files import (
    RecordFolder,
    parse_strictly,
    raise_for_problems,
    read_strictly,
)
from benchmark.records.validate import AGAIN, Conditions, check_record


class Loaded(NamedTuple):
    """A checked record.

    Attributes:
        record: Has all attributes and properties of a `RunRecord`, not always its methods.
        table: Its scores.
        unranked: Why it may not be ranked on its board; empty if it may.
        state: Of its file when it was read.
    """

    record: RunRecord
    table: CaseTable
    unranked: tuple[str, ...] = ()
    state: FileState = FileState()


@dataclass(frozen=True)
class Store(RecordFolder[CellId, RunRecord]):
    """The folder of one board's results."""

    subfolder = "records"
    model = RunRecord
    identity = "cell"
    again = AGAIN

    def board(self) -> BoardCard:
        """The board that the folder holds records of."""
        path = self.folder / "board.yaml"
        return check_model(read_yaml(path), BoardCard, path)

    def load(self, name: str, conditions: Conditions, metrics: tuple[str, ...] = ()) -> Loaded:
        """Read one record quickly and check it.

        Args:
            name: Its path below `records/`.
            conditions: Of the board.
            metrics: Those that it probably has scores of; a right guess is quicker.

        Raises:
            RecordError: One line with the file, the field, what was found and expected.
        """
        text, state, where = self.content(name)
        record = read_quickly(text, metrics) or parse_strictly(text, where, RunRecord, AGAIN)
        table = check_record(record, name, printable(where), conditions)
        return Loaded(record, table, conditions.unranked(record), state)

    def records(self) -> Iterator[tuple[Path, RunRecord]]:
        """All records, each at the path of its cell and under the board's conditions.

        The path is that of its file, which a packed record does not have.

        The marks of one made under another protocol state that it may not be ranked.

        Raises:
            RecordError: Records are damaged or not the board's: the first in full, and how many
                more.
        """
        conditions, problems = Conditions.of(self.board()), list[str]()
        for name in self.files():
            try:
                text, _, where = self.content(name)
                record = parse_strictly(text, where, RunRecord, AGAIN)
                check_record(record, name, printable(where), conditions)
            except RecordError as error:
                problems.append(str(error))
                continue
            marks = record.marks.model_copy(update={"unranked": conditions.unranked(record)})
            yield self.folder / "records" / name, record.model_copy(update={"marks": marks})
        raise_for_problems(problems)


def read_record(path: Path | str) -> RunRecord:
    """Read one record strictly; raises as `read_strictly`."""
    return read_strictly(path, RunRecord, AGAIN)
