"""The order of a grid: seed by seed, the first cells of each seed like all of it."""

from fractions import Fraction
from itertools import product

import pytest

from benchmark.planning.running_order import running_order

Cell = tuple[int, int, int, int]  # target, source, strategy, seed
GRID: list[Cell] = [*product(range(4), range(9), range(5), range(3))]


def order(grid: list[Cell]) -> list[Cell]:
    return running_order(grid, lambda cell: cell[-1])


def test_everything_is_run_once_seed_by_seed() -> None:
    ordered = order(GRID)
    assert sorted(ordered) == GRID and ordered[0] == GRID[0]
    assert [cell[-1] for cell in ordered] == sorted(cell[-1] for cell in GRID)
    assert order([]) == []


@pytest.mark.parametrize("part", [2, 3, 5])
def test_a_part_of_a_seed_has_all_targets_sources_and_strategies_in_proportion(part: int) -> None:
    first = order(GRID)[: len(GRID) // 3 // part]
    for axis, size in enumerate((4, 9, 5)):
        counts = [sum(cell[axis] == value for cell in first) for value in range(size)]
        fair = Fraction(len(first), size)
        assert all(abs(count - fair) <= 3 for count in counts), counts
