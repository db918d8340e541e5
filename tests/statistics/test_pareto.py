"""Pareto fronts by hand."""

import pandas as pd
import pytest

from benchmark.statistics.pareto import pareto_front

ROWS = [  # quality, cost, method, on the front
    (0.9, 10.0, "gpu", True),
    (0.8, 5.0, "gpu", True),
    (0.8, 6.0, "gpu", False),  # as good, dearer
    (0.7, 5.0, "gpu", False),  # worse, as dear
    (0.8, 5.0, "gpu", True),  # equal to the second
    (0.1, 99.0, "cpu", True),  # alone in its method
    (None, 1.0, "gpu", False),
    (0.99, None, "gpu", False),
    (0.99, 1.0, None, False),
]


@pytest.mark.parametrize("sign", [1, -1])
def test_front_by_hand(sign: int) -> None:
    table = pd.DataFrame(ROWS, columns=["score", "cost", "method", "front"], index=range(5, 14))
    table["score"] *= sign
    found = pareto_front(table, higher_is_better=sign > 0)
    assert found.tolist() == table["front"].tolist() and list(found.index) == list(table.index)


def test_no_rows() -> None:
    assert pareto_front(pd.DataFrame({"score": [], "cost": [], "method": []})).tolist() == []
