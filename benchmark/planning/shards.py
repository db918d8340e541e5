"""Shards: the part of a grid that one of several processes runs, computed by each for itself."""

import heapq
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from benchmark.cards.board import BoardCard
from benchmark.errors import CardError
from benchmark.planning.cell_times import cell_steps, expected_seconds, sequence_stages
from benchmark.planning.measured_time import timings
from benchmark.planning.sequences import sequence_ids
from benchmark.planning.transfers import GridSelection, complete_selection, grid_cells
from benchmark.workspace import Workspace


class Shard(NamedTuple):
    """Part `number` of `total`, from 1."""

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read `I/N`.

        Raises:
            CardError: It is something else, or I is not between 1 and N.
        """
        numbers = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
        shard = cls(*map(int, numbers.groups())) if numbers else cls(0, 0)
        if not 1 <= shard.number <= shard.total:
            raise CardError(f"--shard {text!r}: expected I/N with I from 1 to N, such as 2/8")
        return shard

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{self.number}/{self.total}"


def shard_of_cells(
    workspace: Workspace, board: BoardCard, selection: GridSelection, shard: Shard
) -> GridSelection:
    """The part of a selection that a shard runs.

    It depends on the cards, the selection and the records shipped with the board, never on what
    is on this machine or finished already: all shards together are the selection, without overlap.

    Raises:
        CardError: A name is not on the board, or there are more shards than cells.
    """
    registry = workspace.registry
    cells = grid_cells(registry, board, selection)
    steps = cell_steps(registry, board, [cell.path for cell in cells])
    shipped = timings(registry.folders[board.id])
    only = balanced_part(expected_seconds(steps, shipped), shard)
    grid = complete_selection(registry, board, selection)
    targets, sources = ({path.split("/")[axis] for path in only} for axis in (0, 1))
    return replace(
        grid,
        targets=tuple(name for name in grid.targets if name in targets),
        sources=tuple(name for name in grid.sources if name in sources),
        only=only,
    )


def shard_of_sequences(
    workspace: Workspace,
    board: BoardCard,
    selection: GridSelection,
    sequences: tuple[str, ...],
    shard: Shard,
) -> GridSelection:
    """As `shard_of_cells`, for the sequences of a board, whose stages take the same time."""
    runs = sequence_ids(workspace.registry, board, selection, sequences)
    only = balanced_part(sequence_stages(board, [run.path for run in runs]), shard)
    sources = dict.fromkeys(run.source for run in runs if run.path in only)
    return replace(selection, sources=tuple(sources), only=only)


def balanced_part(costs: Mapping[str, float], shard: Shard) -> frozenset[str]:
    """One of several parts of about the same cost.

    The most expensive first, each goes to the part with the least cost so far (longest processing
    time first, Graham 1969): parts differ by at most the cost of one cell.

    Raises:
        CardError: There are more parts than cells.
    """
    if shard.total > len(costs):
        raise CardError(
            f"--shard {shard}: there are only {len(costs)} to run; type I/N with N up to that"
        )
    parts = [(0.0, 0, number) for number in range(1, shard.total + 1)]
    chosen = set[str]()
    for path in sorted(costs, key=lambda path: (-costs[path], path)):
        cost, size, number = parts[0]
        heapq.heapreplace(parts, (cost + costs[path], size + 1, number))
        if number == shard.number:
            chosen.add(path)
    return frozenset(chosen)
