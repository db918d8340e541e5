"""The checks of a submission, each with what was found."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from benchmark.errors import BenchmarkError
from benchmark.files import printable

State = Literal["passed", "refused", "to look at", "not checked"]


@dataclass
class Check:
    """One check. Problems refuse the submission; warnings are for a person to judge.

    `gaps` are what could not be checked here, and why; `said` is what was found to be right.
    """

    name: str
    said: str = ""
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    @property
    def state(self) -> State:
        """The worst of what was found."""
        if self.problems:
            return "refused"
        if self.warnings:
            return "to look at"
        return "not checked" if self.gaps and not self.said else "passed"

    @property
    def details(self) -> list[str]:
        """Every finding as one printable line, the worst first."""
        said = [self.said] if self.said and not self.problems else []
        return [printable(text) for text in (*self.problems, *self.warnings, *said, *self.gaps)]

    @property
    def detail(self) -> str:
        """The first finding, and how many more there are."""
        found = self.details
        more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
        return found[0] + more if found else ""


@dataclass
class Checklist:
    """Checks in the order in which they were made."""

    checks: list[Check] = field(default_factory=list)

    @contextmanager
    def check(self, name: str) -> Iterator[Check]:
        """A check; an error that a user can mend is its problem and ends it."""
        one = Check(name)
        self.checks.append(one)
        try:
            yield one
        except BenchmarkError as error:
            one.problems.append(str(error))

    @property
    def refused(self) -> bool:
        """Whether any check found a problem."""
        return any(one.problems for one in self.checks)
