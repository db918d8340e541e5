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
            found = {item: done.result() for item, done in workers.as_completed(tell_thrice, names)}
            assert found == {name: name.upper() for name in names}
    told = [stage for one in heard for stage in one]
    assert sorted(told) == [(name, k, 3) for name in "abcde" for k in (1, 2, 3)]
    for one in heard:  # a task is told to one listener, whole
        names = [name for name, _ in groupby(stage[0] for stage in one)]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_is_that_of_its_item_and_the_others_go_on(jobs: int) -> None:
    with Workers(jobs) as workers:
        found = dict(workers.as_completed(tell_thrice, ["a", "1", "b"]))
    assert found["a"].result() == "A" and found["b"].result() == "B"
    with pytest.raises(DataError, match="wrong: no letter"):
        found["1"].result()


def test_a_single_task_starts_no_process() -> None:
    workers = Workers(2)
    ((item, done),) = workers.as_completed(tell_thrice, ["a"])
    assert (item, done.result()) == ("a", "A") and workers._pool is None
