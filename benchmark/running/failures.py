"""What failed in a run: listed at its end, with the command that runs it again."""

import logging
from collections.abc import Callable

from benchmark.errors import Diverged, UnfinishedRun, in_one_line
from benchmark.views.text import counted

LOG = logging.getLogger("segtransfer")


class FailureLog:
    """The failures of one run: cells, sequences, sources and targets."""

    def __init__(self, report: Callable[[str], None]) -> None:
        """Nothing has failed yet; each failure is reported in one line when it is added."""
        self.lines = list[str]()
        self._diverged = 0
        self._report = report

    def add(self, name: str, why: str | BaseException) -> str:
        """Add a failure; the traceback of an error is logged for who wants to see it.

        Returns:
            Why, in one line.
        """
        text = why if isinstance(why, str) else in_one_line(why)
        if isinstance(why, BaseException):
            LOG.debug("%s", name, exc_info=why)
        self.lines.append(f"{name}: {text}")
        self._diverged += isinstance(why, Diverged)
        self._report(f"failed: {name}: {text}")
        return text

    def raise_if_any(self) -> None:
        """To be called when everything else is done.

        Raises:
            UnfinishedRun: Something failed.
        """
        if count := len(self.lines):
            text = f"finished with {counted(count, 'failure')}"
            if count > self._diverged:
                text += "; type the same command to run again what could not be run"
            if self._diverged:
                text += "; what diverged is run again only with --retry-failed"
            raise UnfinishedRun(self.lines, text)
