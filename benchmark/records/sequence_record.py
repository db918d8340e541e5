"""One network trained on one device after the other, as data: scores on all after each stage."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from benchmark.cards.board import BoardCard
from benchmark.cards.card import fingerprint, omitted_default
from benchmark.errors import RecordError
from benchmark.files import printable
from benchmark.records.case_table import CasesError, case_table
from benchmark.records.cell import Count, Facts
from benchmark.records.record import (
    TIMINGS,
    CaseScore,
    Cost,
    Coverage,
    Environment,
    Failure,
    Marks,
    Selection,
    SourceFacts,
)
from benchmark.records.record_files import RecordFolder, parse_strictly

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]*$")]
AGAIN = "delete it and type `segtransfer sequence {}` again"


class SequenceId(Facts):
    """One training through a sequence of a board."""

    board: Name
    sequence: Name
    source: Name
    strategy: Name
    seed: Count

    @property
    def path(self) -> str:
        """Where the record lies below `sequences/`: path and identity are one."""
        return f"{self.sequence}/{self.source}/{self.strategy}/seed{self.seed}.json"


class DeviceFingerprints(Facts):
    """SHA-256 of what a device's part of a result depends on."""

    target: str
    splits: str
    data: str


class SequenceFingerprints(Facts):
    """SHA-256 of everything that a sequence's result depends on, besides its seed."""

    protocol: str
    strategy: str
    source: str
    weights: str
    devices: dict[str, DeviceFingerprints]


class SequenceStage(Facts):
    """What one stage trained on, how its weights were chosen, and their scores on every device.

    From the stage on whose training diverged, all have `failed`, and the worst scores.
    """

    trained_on: tuple[str, ...]
    selection: Selection
    scores: dict[str, tuple[CaseScore, ...]]
    cost: Cost
    failed: Failure | None = omitted_default()


class SequenceRecord(Facts):
    """What one sequence found.

    `key` identifies the conditions; `started` and the stages' `cost` are timings. `prepared_data`
    is per device the SHA-256 of the arrays that the network was trained on and scored with.
    """

    schema_version: Literal[1] = 1
    run: SequenceId
    key: str
    fingerprints: SequenceFingerprints
    prepared_data: dict[str, str]
    marks: Marks
    source: SourceFacts
    main_metric: str
    coverage: Coverage | None
    stages: tuple[SequenceStage, ...]
    environment: Environment
    started: str

    @property
    def failed(self) -> Failure | None:
        """Why it has no result of its own: the training of a stage diverged."""
        return self.stages[-1].failed

    def without_timings(self) -> dict[str, object]:
        """The record as plain data, less what differs between two runs on one machine."""
        data = self.model_dump(mode="json")
        data.pop("started")
        for stage in data["stages"]:
            for name in TIMINGS:
                stage["cost"].pop(name)
        return data


def sequence_key(
    run: SequenceId, stages: tuple[tuple[str, ...], ...], prints: SequenceFingerprints
) -> str:
    """Fingerprint of all that a sequence's result depends on."""
    return fingerprint([run.model_dump(), stages, prints.model_dump()])


@dataclass(frozen=True)
class SequenceStore(RecordFolder[SequenceId, SequenceRecord]):
    """The sequence records in the folder of a board."""

    subfolder = "sequences"
    model = SequenceRecord
    identity = "run"
    again = AGAIN.format("BOARD")

    def records(self, board: BoardCard) -> Iterator[SequenceRecord]:
        """All records, in the order of their paths.

        Raises:
            RecordError: A record is damaged, is at the path of another, was made under other
                conditions than the board's, or on other data than the records before it.
        """
        first: SequenceRecord | None = None
        for name in self.files():
            text, _, where = self.content(name)
            record = parse_strictly(text, where, SequenceRecord, self.again)
            if problem := _problem(record, name, board, first):
                raise RecordError(
                    f"{printable(where)}: {problem}; {AGAIN.format(printable(board.id))}"
                )
            first = first or record
            yield record


def _problem(
    record: SequenceRecord, name: str, board: BoardCard, first: SequenceRecord | None
) -> str:
    """Why a record cannot be used together with the others; empty if it can."""
    run, prints = record.run, record.fingerprints
    if run.board != board.id or run.path != name:
        held = f"{printable(run.path)} of board {printable(run.board)}"
        return f"holds {held}; path and content must agree"
    stages = board.sequences.get(run.sequence)
    if stages is None or stages != tuple(stage.trained_on for stage in record.stages):
        return (
            f"its stages are not what board {printable(board.id)} says of {printable(run.sequence)}"
        )
    if run.strategy not in board.strategies or run.seed not in board.seeds:
        return "its strategy or seed is not the board's"
    if record.key != sequence_key(run, stages, prints):
        return "its key is not that of its conditions; the record was edited"
    asked = fingerprint(board.protocol), board.strategy_fingerprint(run.strategy)
    if (prints.protocol, prints.strategy) != asked:
        return "was made under another protocol or strategy"
    if first is not None and prints.devices != first.fingerprints.devices:
        return f"was made on other data than {printable(first.run.path)}"
    return _scores_problem(record, board, first or record)


def _scores_problem(record: SequenceRecord, board: BoardCard, first: SequenceRecord) -> str:
    """What is wrong with the scores; they must be of the first record's subjects and metric."""
    try:
        for number, stage in enumerate(record.stages):
            for device in board.devices:
                table = case_table(stage.scores.get(device, ()))
                known = case_table(first.stages[0].scores[device]).layout.subjects
                if first.main_metric not in table.metrics or table.layout.subjects != known:
                    return (
                        f"stages.{number}.scores.{device}: subjects or metrics are not those of "
                        f"{first.run.path}"
                    )
    except CasesError as error:
        return f"stages.{number}.scores.{device}: {printable(error)}"
    return ""
