"""What a comparison of two entries on one target states."""

from dataclasses import dataclass

from benchmark.leaderboard.entry_name import EntryName
from benchmark.records.trust import TrustLevel
from benchmark.scoring.metrics import Metric
from benchmark.statistics.intervals import Estimate


@dataclass(frozen=True)
class CaseDifference:
    """One test case: both scores and their difference, seeds averaged; `low` and `high` by seed."""

    case: str
    subject: str
    first: float
    second: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Two entries on one target.

    Attributes:
        target: Id of the target task.
        metric: Its main metric.
        first: Better where a difference is positive.
        second: Better where it is negative.
        seeds: Those that both have.
        cases: Largest difference first, by its sign.
        subjects: Mean difference over subjects.
        over_cases: Mean difference over cases; its interval is over subjects too.
        not_better: Probability that the first is not better than the second; without meaning
            where `subjects` has no interval.
        detectable: The smallest true difference found in 80 % of boards of this size; likewise.
        better: Number of subjects for which the first is better.
        worse: For which the second is.
        equal: The rest.
        synthetic: Whether the data are.
        group_a: Candidates for the best of the table in which both stand; None if they are ranked
            in different tables, or one of them in none.
        trust: The lowest level among the records of the first, and of the second.
        notes: Marks of the records, and missing seeds.
    """

    target: str
    metric: Metric
    first: EntryName
    second: EntryName
    seeds: tuple[int, ...]
    cases: tuple[CaseDifference, ...]
    subjects: Estimate
    over_cases: Estimate
    not_better: float
    detectable: float
    better: int
    worse: int
    equal: int
    synthetic: bool
    group_a: tuple[EntryName, ...] | None
    trust: tuple[TrustLevel, TrustLevel]
    notes: tuple[str, ...]

    def largest(self, count: int) -> tuple[CaseDifference, ...]:
        """The cases with the largest difference in either direction."""
        ordered = sorted(self.cases, key=lambda case: (-abs(case.difference), case.case))
        return tuple(ordered[:count])
