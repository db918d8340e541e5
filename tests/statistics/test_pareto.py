"""Pareto fronts by hand."""

import numpy as np

from benchmark.statistics.pareto import pareto_front

ENTRIES = [  # score, cost, on the front
    (0.9, 10.0, True),
    (0.8, 5.0, True),
    (0.8, 6.0, False),  # as good, more costly
    (0.7, 5.0, False),  # worse, as costly
    (0.8, 5.0, True),  # equal to the second
]


def test_front_by_hand() -> None:
    scores, costs, on_front = zip(*ENTRIES, strict=True)
    assert pareto_front(np.array(scores), np.array(costs)).tolist() == list(on_front)


def test_no_entries() -> None:
    assert pareto_front(np.zeros(0), np.zeros(0)).tolist() == []
