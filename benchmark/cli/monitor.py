"""What a run reports, on the terminal: one line each, progress bars, and an end on Ctrl-C."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from benchmark.cli.terminal import StageDisplay, bars, errors, print_text
from benchmark.running.session import RunMonitor
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
        """One bar for all results and one for each process.

        Ctrl-C ends with one line and exit status 130.
        """
        finished = done
        with bars() as progress:
            overall = progress.add_task(what, total=total, completed=done)

            def count() -> None:
                nonlocal finished
                finished += 1
                progress.update(overall, completed=finished)

            workers.listeners = [StageDisplay(progress) for _ in range(workers.jobs)]
            try:
                yield count
            except KeyboardInterrupt:
                progress.stop()
                state = f"{finished} of {total} {what} are done"
                errors.print(f"stopped: {state}; type the same command to resume")
                raise typer.Exit(130) from None
