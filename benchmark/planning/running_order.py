"""The order in which a grid is run."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TypeVar

Item = TypeVar("Item")
GOLDEN = (5**0.5 - 1) / 2


def running_order(items: Iterable[Item], seed: Callable[[Item], int]) -> list[Item]:
    """Seed by seed, and the first part of each seed's items spread over all of them.

    A run that is stopped early has thus compared everything with fewer seeds, and the time of the
    first cells says how long the others take. Items are sorted by the fractional parts of multiples
    of the golden ratio, of which the smallest are at about equal distances (three-gap theorem).

    Args:
        items: Of a grid, axis by axis.
        seed: The seed of an item.
    """
    ordered = list[Item]()
    for _, group in groupby(sorted(items, key=seed), seed):
        of_seed = [*group]
        ordered += [
            of_seed[index] for index in sorted(range(len(of_seed)), key=lambda x: x * GOLDEN % 1)
        ]
    return ordered
