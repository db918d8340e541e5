"""What docs/boards/standard.md says that `standard_v2` costs is what its networks cost.

`PYTHONPATH=tests python tests/docs/test_standard_board.py` prints the table, for the page.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from support.factories import shipped_registry

from benchmark.cards.lanes import Lane
from benchmark.models.freezing import apply_strategy
from benchmark.models.networks import build_network
from benchmark.running.cost import training_gflop

PAGE = Path(__file__).parents[2] / "docs/boards/standard.md"
REGISTRY = shipped_registry()
BOARD = REGISTRY.board("standard_v2")
ASSUMED = 1e4  # 10^9 operations a second of a GPU


def entries() -> Iterator[tuple[str, Lane, str]]:
    """Source, lane and strategy of every entry."""
    for source in BOARD.sources:
        for lane in BOARD.lanes_of(REGISTRY.source(source)):
            for strategy in BOARD.strategies_for(source, lane):
                yield source, lane, strategy


def cells_of_an_entry() -> int:
    sizes = [BOARD.train_subjects_of.get(name, BOARD.train_subjects) for name in BOARD.targets]
    return len(BOARD.seeds) * sum(map(len, sizes))


@cache
def gflop(encoder: str, lane: Lane, strategy_name: str) -> float:
    """10^9 operations of a cell with every learning rate."""
    protocol, strategy = BOARD.protocol.for_lane(lane), BOARD.strategies[strategy_name]
    network = build_network(
        encoder, channels=3, classes=2, input_size=protocol.input_size,
        decoder=protocol.decoders[lane], normalisation_mean=(0.0,) * 3,
        normalisation_std=(1.0,) * 3,
    )  # fmt: skip
    apply_strategy(network, train=strategy.train, freeze_norm_stats=strategy.freeze_norm_stats)
    rates = strategy.learning_rates or protocol.learning_rates
    return training_gflop(network, protocol, protocol.steps or 0) * len(rates)


def costs() -> dict[str, tuple[int, float, float]]:
    """Cells, 10^18 operations and hours of each lane and of all."""
    cells, operations = defaultdict[str, int](int), defaultdict[str, float](float)
    for source, lane, strategy in entries():
        encoder = REGISTRY.source(source).encoder or BOARD.protocol.decoders[lane].encoder
        for name in (lane, "all"):
            cells[name] += cells_of_an_entry()
            operations[name] += gflop(encoder, lane, strategy) * cells_of_an_entry()
    return {name: (cells[name], operations[name] / 1e9, operations[name] / ASSUMED / 3600)
            for name in (*BOARD.lanes, "all")}  # fmt: skip


def table() -> str:
    """The costs as Markdown."""
    heads = ("lane", "cells", "10^18 operations",
             "GPU hours at 10^13 operations a second, assumed")  # fmt: skip
    rows = [f"| {name} | {count:,} | {amount:.1f} | {hours:,.0f} |"
            for name, (count, amount, hours) in costs().items()]  # fmt: skip
    return "\n".join([f"| {' | '.join(heads)} |", "|---|---|---|---|", *rows])


def test_the_page_states_the_number_of_cells() -> None:
    count = cells_of_an_entry() * len([*entries()])
    assert f"| all | {count:,} |" in PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_states_the_operations_of_all_cells() -> None:
    text = PAGE.read_text(encoding="utf-8").replace(",", "")
    for name, numbers in costs().items():
        (row,) = re.findall(rf"\| {name} \| (.*) \| (.*) \| (.*) \|", text)
        # torch 2.14 counts 0.3 % less for attention than 2.13
        assert [*map(float, row)] == pytest.approx(numbers, rel=0.02), table()


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
