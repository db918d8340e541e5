"""Work by threads keeps its order, stays bounded, and passes errors on."""

import threading
import time
from collections.abc import Generator

import pytest

from benchmark.workers import in_order


def test_results_come_in_order_whichever_is_ready_first() -> None:
    def work(number: int) -> int:
        time.sleep(0.005 * (number % 3))
        return number

    assert list(in_order(work, range(30))) == list(range(30))


def test_no_more_than_two_a_core_are_begun_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1})
    begun = threading.Semaphore(0)
    results = in_order(lambda number: begun.release(), range(100))
    next(results)
    time.sleep(0.05)
    count = 0
    while begun.acquire(blocking=False):
        count += 1
    assert count <= 4
    assert isinstance(results, Generator)
    results.close()


def test_an_error_comes_when_its_item_is_due() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    results = in_order(work, range(10))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
