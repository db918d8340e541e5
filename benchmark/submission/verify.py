"""Check a pack from its files alone; no code and no weights of the submitter are run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.records.store import Store
from benchmark.submission.checklist import Checklist, Refused
from benchmark.submission.checks import check_submission
from benchmark.submission.container import unpacked
from benchmark.submission.read_pack import Submission, read_submission
from benchmark.submission.standing import Standing
from benchmark.workspace import Workspace


@dataclass
class Verdict:
    """The result of the checks of one submission.

    Attributes:
        checklist: Every check.
        submission: The opened pack; None if it could not be read.
        standing: Trust levels and rows; empty if the submission was refused.
    """

    checklist: Checklist = field(default_factory=Checklist)
    submission: Submission | None = None
    standing: Standing = field(default_factory=Standing)

    @property
    def refused(self) -> bool:
        """Whether the submission may not be merged."""
        return self.checklist.refused


@contextmanager
def verify_submission(
    path: Path, workspace: Workspace, accepted: Store | None = None
) -> Iterator[Verdict]:
    """Check a pack; it stays open while the verdict is used.

    Args:
        path: A folder or a zip.
        workspace: Our cards, and local data: what is registered there is scored again.
        accepted: The board's folder of accepted records; None takes the shipped one.
    """
    verdict = Verdict()
    checklist = verdict.checklist
    with ExitStack() as stack:
        with suppress(Refused):
            with checklist.check("container", required=True) as check:
                folder = stack.enter_context(unpacked(path))
                check.summary = "a folder or a zip of plain files"
            verdict.submission = read_submission(folder, workspace, accepted, checklist)
            verdict.standing = check_submission(verdict.submission, checklist)
        yield verdict
