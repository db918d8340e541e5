"""A board's folder: board.yaml, and one record a cell, written whole or not at all."""

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from benchmark.cards.board import BoardCard
from benchmark.cards.card import check_model, fingerprint, read_yaml
from benchmark.errors import RecordError
from benchmark.records.record import CellId, RunRecord


@dataclass(frozen=True)
class Store:
    """The folder of one board's results."""

    folder: Path

    def board(self) -> BoardCard:
        """The board that the folder holds records of."""
        path = self.folder / "board.yaml"
        return check_model(read_yaml(path), BoardCard, path)

    def path(self, cell: CellId) -> Path:
        """Where the record of a cell lies."""
        return self.folder / "records" / cell.path

    def write(self, record: RunRecord) -> Path:
        """Write a record atomically.

        Raises:
            RecordError: The disk refused; nothing half-written is left.
        """
        path = self.path(record.cell)
        write_text(path, json.dumps(record.model_dump(mode="json"), indent=1) + "\n")
        return path

    def has(self, cell: CellId, key: str) -> bool:
        """Whether the record of exactly these conditions is there."""
        path = self.path(cell)
        return path.is_file() and read_record(path).key == key

    def records(self) -> Iterator[tuple[Path, RunRecord]]:
        """All records, each at the path its cell gives it and under the board's protocol.

        Raises:
            RecordError: A record is damaged, lies elsewhere than its cell says, or was made
                under another protocol or strategy than the board's.
        """
        board = self.board()
        protocol = fingerprint(board.protocol)
        for path in sorted((self.folder / "records").rglob("*.json")):
            record = read_record(path)
            if path != self.path(record.cell) or record.cell.board != board.id:
                raise RecordError(
                    f"{path}: holds the record of board {record.cell.board!r}, "
                    f"{record.cell.path}; path and content must agree"
                )
            self._check_conditions(path, record, board, protocol)
            yield path, record

    def _check_conditions(
        self, path: Path, record: RunRecord, board: BoardCard, protocol: str
    ) -> None:
        strategy = board.strategies.get(record.cell.strategy)
        if record.fingerprints.protocol != protocol and not record.marks.unranked:
            raise RecordError(
                f"{path}: made under protocol {record.fingerprints.protocol[7:15]}, this board's "
                f"is {protocol[7:15]}; delete it and run the cell again, or move it to its board"
            )
        if strategy is None or record.fingerprints.strategy != fingerprint(strategy):
            raise RecordError(
                f"{path}: strategy {record.cell.strategy!r} is not the board's; "
                "delete the record and run the cell again"
            )


def read_record(path: Path) -> RunRecord:
    """Read one record strictly.

    Raises:
        RecordError: Not JSON, another schema, or a field is missing or of a wrong type.
    """
    try:
        return RunRecord.model_validate_json(path.read_bytes(), strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or "file"
        raise RecordError(
            f"{path}: {where}: {problem['msg']}; delete the record and run the cell again"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write a file atomically: a reader sees the old content or the new, never a part.

    Raises:
        RecordError: The folder cannot be written or the disk is full.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise RecordError(
            f"{path}: cannot be written ({error.strerror}); make room and run the command again"
        ) from None
