"""How long cells take, from the cost that records state."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.cards.board import BoardCard
from benchmark.cards.protocol import FineTuningProtocol
from benchmark.errors import RecordError
from benchmark.planning.cell_times import cell_steps, expected_seconds, sequence_stages
from benchmark.records.record_content import record_content, record_names
from benchmark.workspace import Workspace

MOST = 100  # records that are read of each folder, evenly spaced


@dataclass(frozen=True)
class MeasuredTime:
    """Expected time of cells or sequences, one after the other.

    Attributes:
        seconds: Of all of them together.
        records: How many records were read.
        board: Whose they are.
        hardware: Devices and threads that they were timed on.
    """

    seconds: float
    records: int
    board: str
    hardware: tuple[str, ...]


def measured_time(
    workspace: Workspace,
    board: BoardCard,
    folder: Path,
    paths: Sequence[str],
    *,
    kind: str = "records",
) -> MeasuredTime | None:
    """The time of cells by records of their own board, or else of a board like it.

    Cells with more networks (folds, learning rates) or steps count for more, as in
    `expected_seconds`.

    Args:
        workspace: All cards.
        board: The board.
        folder: Its leaderboard folder, which comes first; then the shipped one, then those of
            boards with the same networks, input size, batch size and number of steps.
        paths: Of the records of the cells.
        kind: `records` of cells, or `sequences`, of which only the board's own are comparable.

    Returns:
        None if there is no such record.
    """
    registry = workspace.registry
    places = [(board, folder), (board, registry.folders[board.id])]
    if kind == "records":
        places += [
            (other, registry.folders[other.id])
            for other in registry.boards.values()
            if other.id != board.id and _size(other.protocol) == _size(board.protocol)
        ]

    def steps(of: BoardCard, paths: Sequence[str]) -> dict[str, float]:
        """Steps of the cells, or stages of the sequences, with these paths."""
        return sequence_stages(of, paths) if kind != "records" else cell_steps(registry, of, paths)

    for card, place in places:
        timed = [*_timings(place, kind, _spread(record_names(place, kind)))]
        measured = {path: seconds for path, seconds, _ in timed}
        if measured:
            known = steps(card, [*measured]) | steps(board, paths)
            expected = expected_seconds(known, measured)
            total = sum(map(expected.__getitem__, paths))
            hardware = tuple(dict.fromkeys(where for *_, where in timed))
            return MeasuredTime(total, len(timed), card.id, hardware)
    return None


def _size(protocol: FineTuningProtocol) -> tuple[object, ...]:
    networks = {lane: decoder.encoder for lane, decoder in protocol.decoders.items()}
    return protocol.input_size, protocol.batch_size, protocol.steps, protocol.epochs, networks


def timings(folder: Path, kind: str = "records") -> dict[str, float]:
    """Seconds of each record of a board's folder by its path; damaged ones are left out."""
    names = record_names(folder, kind)
    return {name: seconds for name, seconds, _ in _timings(folder, kind, names)}


def _timings(folder: Path, kind: str, names: Sequence[str]) -> Iterator[tuple[str, float, str]]:
    """Path, seconds and hardware of these records; damaged ones are left out."""
    for name in names:
        try:
            record = json.loads(record_content(folder, f"{kind}/{name}").data)
            costs = [stage["cost"] for stage in record.get("stages", [record])]
            where = record["environment"]
            threads = f"{where['threads']} thread{'' if where['threads'] == 1 else 's'}"
            hardware = f"{where['device']}, {threads}"
            yield name, float(sum(cost["total_seconds"] for cost in costs)), hardware
        except (RecordError, ValueError, LookupError, TypeError, AttributeError):
            continue


def _spread(names: Sequence[str]) -> Sequence[str]:
    return names[:: max(1, len(names) // MOST)]
