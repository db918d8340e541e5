"""The results of the checks of a submission."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmark.errors import in_one_line
from benchmark.files import printable

CheckState = Literal["passed", "refused", "to look at", "not checked"]


class Refused(Exception):
    """A check failed whose result all later checks need."""


@dataclass
class SubmissionCheck:
    """One check: problems refuse the submission, warnings are for a person to judge.

    `gaps` says what could not be checked on this machine and why; `summary` what was right.
    """

    name: str
    summary: str = ""
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    def add(self, record: str, problems: Iterable[str]) -> int:
        """Add the problems of one record; returns their number."""
        texts = [f"{record}: {problem}" for problem in problems]
        self.problems += texts
        return len(texts)

    @property
    def state(self) -> CheckState:
        """The worst of the findings."""
        if self.problems:
            return "refused"
        if self.warnings:
            return "to look at"
        return "not checked" if self.gaps and not self.summary else "passed"

    @property
    def findings(self) -> list[str]:
        """Each finding as one printable line, the worst first."""
        summary = [self.summary] if self.summary and not self.problems else []
        return list(map(printable, (*self.problems, *self.warnings, *summary, *self.gaps)))

    @property
    def first_finding(self) -> str:
        """The worst finding, and how many more there are."""
        first, *others = self.findings or [""]
        return f"{first} ({len(others)} more)" if others else first


@dataclass
class Checklist:
    """Checks in the order in which they were made."""

    checks: list[SubmissionCheck] = field(default_factory=list)
    folder: Path | None = None

    @contextmanager
    def check(self, name: str, *, required: bool = False) -> Iterator[SubmissionCheck]:
        """Make a check; an exception is its problem and ends it.

        Paths below `folder`, that of the opened pack, are shortened in the problem.

        Raises:
            Refused: It is required, and it or one before it has a problem.
        """
        check = SubmissionCheck(name)
        self.checks.append(check)
        try:
            yield check
        except Exception as error:  # whatever a pack does, it gets a report
            check.problems.append(in_one_line(error).replace(f"{self.folder}/", ""))
        if required and self.refused:
            raise Refused

    @property
    def refused(self) -> bool:
        """Whether any check found a problem."""
        return any(check.problems for check in self.checks)
