"""What a run reports, on the terminal: one line each, progress bars, and an end on Ctrl-C."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import typer

from benchmark.cli.terminal import StageDisplay, bars, errors, print_text
from benchmark.running.options import RunMonitor
from benchmark.views.text import duration
from benchmark.workers import Listened


class TerminalMonitor(RunMonitor):
    """Shows progress bars on standard error and lines on standard output."""

    def report(self, line: str) -> None:
        """Print one line."""
        print_text(line)

    @contextmanager
    def counting(
        self, what: str, workers: Listened, total: int, done: int
    ) -> Iterator[Callable[[], None]]:
        """One bar for all results and one for each process; without a terminal, a line each.

        Ctrl-C ends with one line and exit status 130.
        """
        finished, times = done, list[float]()
        with bars() as progress:
            overall = progress.add_task(what, total=total, completed=done)

            def count() -> None:
                """One result more: the bar, or a line, with the time that is left."""
                nonlocal finished
                finished += 1
                times.append(time.monotonic())
                left = seconds_left(times[workers.jobs - 1 :], total - finished)
                text = what if not left else f"{what}, about {duration(left)} left"
                progress.update(overall, completed=finished, description=text)
                if not errors.is_terminal:
                    errors.print(f"{finished} of {total} {text}", markup=False)

            workers.listeners = [StageDisplay(progress, lines=False) for _ in range(workers.jobs)]
            try:
                yield count
            except KeyboardInterrupt:
                progress.stop()
                state = f"{finished} of {total} {what} are done"
                errors.print(f"stopped: {state}; type the same command to resume")
                raise typer.Exit(130) from None


def seconds_left(times: Sequence[float], left: int) -> float | None:
    """Expected seconds until the last result, by the mean time between those that came.

    Args:
        times: When each result came, in seconds; what was before the first does not count. The
            first results of all processes but one are left out: they come at about the same time.
        left: How many results are left.

    Returns:
        None before the second result.
    """
    if len(times) < 2:
        return None
    return (times[-1] - times[0]) / (len(times) - 1) * left
