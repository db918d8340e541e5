"""A run that is stopped in its second cell."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark.records.record import Cost
from benchmark.running.cost import cost


def stop_in_the_second_cell(how: Callable[[], object]) -> Callable[..., Cost]:
    """Takes the place of `cell.cost`: stops once the second cell is scored, before its record."""

    def stopping(*arguments: Any) -> Cost:
        if list(Path("runs").glob("*/records/**/seed0.json")):
            how()
        return cost(*arguments)

    return stopping
