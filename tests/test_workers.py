"""Several tasks at a time: results, what is told on the way, errors."""

from itertools import groupby

import pytest
from support.factories import tell_thrice

from benchmark.errors import DataError
from benchmark.workers import Progress, Workers

Heard = list[tuple[str, int, int]]


def listener(heard: Heard) -> Progress:
    return lambda stage, done, total: heard.append((stage, done, total))


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_stage_is_told_and_every_result_comes(jobs: int) -> None:
    heard: list[Heard] = [[] for _ in range(jobs)]
    with Workers(jobs, listeners=[listener(one) for one in heard]) as workers:
        for names in (["a", "b", "c"], ["d", "e"]):  # the second time nothing is started anew
            assert sorted(workers.as_completed(tell_thrice, names)) == [
                name.upper() for name in names
            ]
    told = [stage for one in heard for stage in one]
    assert sorted(told) == [(name, k, 3) for name in "abcde" for k in (1, 2, 3)]
    for one in heard:  # a task is told to one listener, whole
        names = [name for name, _ in groupby(stage[0] for stage in one)]
        assert len(set(names)) == len(names)


def test_an_error_of_a_worker_is_that_of_the_caller() -> None:
    with Workers(2) as workers, pytest.raises(DataError, match="wrong: no letter"):
        list(workers.as_completed(tell_thrice, ["a", "1", "b"]))


def test_a_single_task_starts_no_process() -> None:
    workers = Workers(2)
    assert list(workers.as_completed(tell_thrice, ["a"])) == ["A"] and workers._pool is None
