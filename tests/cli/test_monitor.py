"""Progress of a run: the time that is left."""

import random

import pytest

from benchmark.cli.monitor import TerminalMonitor, seconds_left
from benchmark.workers import Workers


@pytest.mark.parametrize("jobs", [1, 4])
def test_the_time_left_is_right_within_a_fifth_after_a_tenth(jobs: int) -> None:
    """1,000 cells whose times vary by half, in any number of processes that take long to start."""
    rng, free = random.Random(0), [20.0] * jobs
    times = []
    for _ in range(1000):
        free.sort()
        free[0] += rng.uniform(0.5, 1.5)
        times.append(free[0])
    times.sort()
    left = seconds_left(times[jobs - 1 : 100], 900)
    assert left == pytest.approx(times[-1] - times[99], rel=0.2)


def test_a_line_per_result_where_nobody_is_at_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with TerminalMonitor().counting("cells", Workers(1), 6, 3) as finished:
        for _ in range(3):
            finished()
    first, second, last = capsys.readouterr().err.splitlines()
    assert second.startswith("5 of 6 cells, about ")
    assert (first, last) == ("4 of 6 cells", "6 of 6 cells")


def test_nothing_is_said_before_the_second_result() -> None:
    assert seconds_left([], 3) is None and seconds_left([1.0], 3) is None
    with TerminalMonitor().counting("cells", Workers(1), 3, 0) as finished:
        for _ in range(3):
            finished()
