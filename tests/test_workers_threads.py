"""Threads: work keeps its order and stays bounded; how many there are, and how they wait."""

import os
import threading
import time
from collections.abc import Generator

import pytest

from benchmark.workers import configure_process, in_order, threads_for


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


@pytest.mark.parametrize(
    ("limit", "jobs", "given", "expected"),
    [
        ("", 1, None, 4),
        ("", 3, None, 1),
        ("", 8, None, 1),
        ("", 2, 3, 3),
        ("2", 1, None, 2),
        ("2", 4, None, 2),
        ("2", 1, 4, 4),
        ("0", 1, None, 1),
        ("4,2", 1, None, 4),  # a list for nested regions: the machine's cores
    ],
)
def test_threads_are_as_given_or_as_the_environment_says_or_share_the_cores(
    limit: str, jobs: int, given: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.workers.cores", lambda: 4)
    monkeypatch.setenv("OMP_NUM_THREADS", limit)
    assert threads_for(jobs, given) == expected


def test_waiting_threads_sleep_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("KMP_BLOCKTIME", "")  # restored after the test
    del os.environ["KMP_BLOCKTIME"]
    configure_process()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE" and os.environ["KMP_BLOCKTIME"] == "0"


def test_results_that_nobody_takes_may_end_in_a_thread_of_their_own() -> None:
    """As the garbage collector ends them when it happens to run there."""
    ended = threading.Semaphore(0)
    unraisable: list[object] = []

    def end_the_results(number: int) -> None:
        if number == 0:
            return
        started.acquire()
        assert isinstance(results, Generator)
        try:
            results.close()
        except RuntimeError as error:
            unraisable.append(error)
        ended.release()

    started = threading.Semaphore(0)
    results = in_order(end_the_results, range(2), threads=1)
    next(results)
    started.release()
    assert ended.acquire(timeout=20) and unraisable == []
