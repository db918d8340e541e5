"""Two entries on one target: the paired difference, case by case and over all.

A difference is positive where the first entry is better, whatever the direction of the metric. It
is taken under the same seed on the same case, and then averaged over seeds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.errors import RecordError, unknown_name
from benchmark.leaderboard.entry_name import EntryName, entry_of, find_entries
from benchmark.records.record import RunRecord
from benchmark.records.store import Store
from benchmark.records.trust import LEVELS, TrustLevel, trust_levels
from benchmark.scoring.metrics import METRICS, Metric
from benchmark.statistics.anova import SeedMeanSquare, seed_ms_of_differences
from benchmark.statistics.bootstrap import Estimate, estimates
from benchmark.statistics.scores import DECIMALS

MARKS = {
    "subset": "subset",
    "partial_weights": "partial weights",
    "contamination": "contaminated",
}


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
        over_cases: Mean difference over cases; subjects are still what is drawn again.
        better: Number of subjects for which the first is better.
        worse: For which the second is.
        equal: The rest.
        synthetic: Whether the data are.
        trust: The lowest level among the records of the first, and of the second.
        notes: Marks of the records, and what the interval could not use.
    """

    target: str
    metric: Metric
    first: EntryName
    second: EntryName
    seeds: tuple[int, ...]
    cases: tuple[CaseDifference, ...]
    subjects: Estimate
    over_cases: Estimate
    better: int
    worse: int
    equal: int
    synthetic: bool
    trust: tuple[TrustLevel, TrustLevel]
    notes: tuple[str, ...]

    def largest(self, count: int) -> tuple[CaseDifference, ...]:
        """The cases with the largest difference in either direction."""
        ordered = sorted(self.cases, key=lambda case: (-abs(case.difference), case.case))
        return tuple(ordered[:count])


def compare_entries(
    store: Store, first: str, second: str, target: str | None = None
) -> list[Comparison]:
    """Compare two entries of a leaderboard folder, case by case.

    Args:
        store: The leaderboard folder, see `find_leaderboard`.
        first: `source`, `source/strategy` or `source/strategy/n8`.
        second: What it is compared with, written likewise.
        target: One target only; None stands for every target that both have.

    Returns:
        One comparison per target; differences are positive where the first entry is better.

    Raises:
        RecordError: An entry is unknown or ambiguous, or nothing was scored for both.
    """
    records, trust = [], dict[str, TrustLevel]()
    known = trust_levels(store.folder)
    for path, record in store.records():
        records.append(record)
        name = path.relative_to(store.folder / "records").as_posix()
        trust[record.key] = known.get(name, LEVELS[0])
    entries = find_entries(first, second, records)
    return compare(store.board(), *entries, records, target, trust)


def compare(
    board: BoardCard,
    first: EntryName,
    second: EntryName,
    records: Sequence[RunRecord],
    target: str | None = None,
    trust: Mapping[str, TrustLevel] | None = None,
) -> list[Comparison]:
    """Compare two entries on every target that both have, or on one.

    Args:
        board: Which the records are of.
        first: Better where a difference is positive.
        second: With what it is compared.
        records: Of all entries, whose seeds say how much a seed matters.
        target: The only one.
        trust: Level by key of a record; one without is self-reported.

    Raises:
        RecordError: There is no such target, or nothing that both were scored on.
    """
    have = {name: _by_target(records, name) for name in (first, second)}
    both = [t for t in dict.fromkeys([*board.targets, *have[first]])
            if t in have[first] and t in have[second]]  # fmt: skip
    if target is not None and target not in both:
        raise RecordError(unknown_name(f"target of {first} and {second}", target, both))
    if not both:
        raise RecordError(f"{first} and {second} have no target in common")
    chosen = both if target is None else [target]
    return [
        _compare(
            board,
            name,
            (first, second),
            (have[first][name], have[second][name]),
            records,
            trust or {},
        )
        for name in chosen
    ]


def _by_target(records: Iterable[RunRecord], name: EntryName) -> dict[str, list[RunRecord]]:
    found: dict[str, list[RunRecord]] = {}
    for record in records:
        if entry_of(record) == name:
            found.setdefault(record.cell.target, []).append(record)
    return found


def _compare(
    board: BoardCard,
    target: str,
    names: tuple[EntryName, EntryName],
    sides: tuple[list[RunRecord], list[RunRecord]],
    records: Sequence[RunRecord],
    trust: Mapping[str, TrustLevel],
) -> Comparison:
    first, second = ({r.cell.seed: r for r in side} for side in sides)
    seeds = tuple(sorted(first.keys() & second.keys()))
    if not seeds:
        raise RecordError(f"{target}: {names[0]} and {names[1]} have no seed in common")
    _check_same(target, [first[s] for s in seeds] + [second[s] for s in seeds])
    metric = METRICS[first[seeds[0]].main_metric]
    tables = [pd.DataFrame({s: _case_scores(side[s]) for s in seeds}).T for side in (first, second)]
    if set(tables[0].columns) != set(tables[1].columns) or tables[0].isna().any(axis=None):
        raise RecordError(f"{target}: {names[0]} and {names[1]} were scored on different cases")
    cases = list(tables[0].columns)
    a, b = (table[cases].to_numpy(dtype=np.float64) for table in tables)
    differences = np.round(metric.sign * (a - b), DECIMALS)
    owner = {case.case: case.subject for case in first[seeds[0]].cases}
    subjects, of_case = np.unique([owner[case] for case in cases], return_inverse=True)
    counts = np.bincount(of_case)
    by_subject = np.stack([np.bincount(of_case, row) / counts for row in differences])
    mean = float(differences.mean())
    weighted = mean + (by_subject - mean) * counts / counts.mean()
    noise, note = _noise(board, target, names, seeds, tuple(map(str, subjects)), records)
    over = [estimates(values[None], noise)[0] for values in (by_subject, weighted)]
    gains = np.round(by_subject.mean(axis=0), DECIMALS)
    found = [
        CaseDifference(
            case, owner[case], float(a[:, k].mean()), float(b[:, k].mean()),
            float(differences[:, k].mean()), float(differences[:, k].min()),
            float(differences[:, k].max()),
        )
        for k, case in enumerate(cases)
    ]  # fmt: skip
    return Comparison(
        target, metric, *names, seeds,
        tuple(sorted(found, key=lambda case: (-case.difference, case.case))),
        over[0], over[1],
        int((gains > 0).sum()), int((gains < 0).sum()), int((gains == 0).sum()),
        all(record.marks.synthetic for side in sides for record in side),
        (_lowest(first, seeds, trust), _lowest(second, seeds, trust)),
        tuple(dict.fromkeys([*_marks(names, sides), *([note] if note else [])])),
    )  # fmt: skip


def _lowest(
    side: Mapping[int, RunRecord], seeds: Sequence[int], trust: Mapping[str, TrustLevel]
) -> TrustLevel:
    return min((trust.get(side[s].key, LEVELS[0]) for s in seeds), key=LEVELS.index)


def _check_same(target: str, records: Sequence[RunRecord]) -> None:
    for what in ("data", "splits", "target"):
        if len({getattr(record.fingerprints, what) for record in records}) > 1:
            raise RecordError(
                f"{target}: the records were made from different {what}; run one of them again"
            )


def _case_scores(record: RunRecord) -> dict[str, float]:
    """Main metric of each case, labels averaged."""
    found: dict[str, list[float]] = {}
    for case in record.cases:
        found.setdefault(case.case, []).append(case.scores[record.main_metric])
    return {name: float(np.mean(scores)) for name, scores in found.items()}


def _noise(
    board: BoardCard,
    target: str,
    names: tuple[EntryName, EntryName],
    seeds: tuple[int, ...],
    subjects: tuple[str, ...],
    records: Sequence[RunRecord],
) -> tuple[SeedMeanSquare | None, str]:
    """Seed noise pooled over all entries that have these seeds, as the leaderboard's gains do."""
    note = ""
    if len(seeds) < len(board.seeds):
        note = f"seeds {', '.join(map(str, seeds))} of {', '.join(map(str, board.seeds))} only"
    sizes = {name.train_subjects for name in names}
    found: dict[EntryName, dict[int, list[float]]] = {}
    for record in records:
        name = entry_of(record)
        if record.cell.target != target or record.cell.train_subjects not in sizes:
            continue
        if record.cell.seed in seeds and (name in names or not record.marks.unranked):
            by_subject = _subject_scores(record)
            if tuple(by_subject) == subjects:
                found.setdefault(name, {})[record.cell.seed] = list(by_subject.values())
    whole = [[one[s] for s in seeds] for one in found.values() if len(one) == len(seeds)]
    return seed_ms_of_differences(np.array(whole, dtype=np.float64)), note


def _subject_scores(record: RunRecord) -> dict[str, float]:
    """Main metric of each subject, in order: labels averaged, then cases."""
    owner = {case.case: case.subject for case in record.cases}
    found: dict[str, list[float]] = {}
    for case, score in _case_scores(record).items():
        found.setdefault(owner[case], []).append(score)
    return {name: float(np.mean(found[name])) for name in sorted(found)}


def _marks(
    names: tuple[EntryName, EntryName], sides: Sequence[Sequence[RunRecord]]
) -> Iterator[str]:
    """What a reader must know of either entry."""
    for name, side in zip(names, sides, strict=True):
        for field, text in MARKS.items():
            found = [getattr(record.marks, field) for record in side]
            if any(found):
                why = [reason for one in found if isinstance(one, tuple) for reason in one]
                yield f"{name}: {text}" + (f" ({'; '.join(dict.fromkeys(why))})" if why else "")
        for reason in dict.fromkeys(r for record in side for r in record.marks.unranked):
            yield f"{name}: UNRANKED, {reason}"
