"""Two entries on one target: the paired difference, case by case and over all.

A difference is positive where the first entry is better, whatever the direction of the metric. It
is taken under the same seed on the same case, and then averaged over seeds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from benchmark.cards.board import BoardCard
from benchmark.errors import RecordError, unknown_name
from benchmark.leaderboard.comparison import CaseDifference, Comparison
from benchmark.leaderboard.entry_name import EntryName, entry_of, find_entries
from benchmark.leaderboard.group_a import group_a
from benchmark.records.record import MARK_NAMES, RunRecord
from benchmark.records.store import Store
from benchmark.records.trust import LEVELS, TrustLevel, trust_levels
from benchmark.records.validate import record_scores
from benchmark.scoring.metrics import METRICS
from benchmark.statistics.anova import Scores, SeedMeanSquare, standard_error, two_way_anova
from benchmark.statistics.intervals import detectable, estimates, probability_not_above_zero
from benchmark.statistics.scores import DECIMALS
from benchmark.statistics.seed_noise import pooled_seed_ms

BySeed: TypeAlias = dict[int, RunRecord]


def compare_entries(
    store: Store, first: str, second: str, target: str | None = None
) -> list[Comparison]:
    """Compare two entries of a leaderboard folder, case by case.

    Args:
        store: The leaderboard folder, see `find_leaderboard`.
        first: `source`, `source/strategy/n8` or `source/strategy/dpt/n8`, see `find_entries`.
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
        board: The board of the records.
        first: Better where a difference is positive.
        second: What it is compared with.
        records: Of all entries; the seed noise is estimated from all of them.
        target: One target only; None stands for every target that both have.
        trust: Level by key of a record; other records are self-reported.

    Raises:
        RecordError: There is no such target, or the entries were not scored on the same cases.
    """
    sides = [_by_target(records, name) for name in (first, second)]
    both = [name for name in dict.fromkeys([*board.targets, *sides[0]])
            if all(name in side for side in sides)]  # fmt: skip
    if target is not None and target not in both:
        raise RecordError(f"{first} and {second}: " + unknown_name("target", target, both))
    if not both:
        raise RecordError(f"{first} and {second} have no target in common")
    return [
        _compare(board, name, (first, second), [side[name] for side in sides], records, trust or {})
        for name in (both if target is None else [target])
    ]


def _by_target(records: Iterable[RunRecord], entry: EntryName) -> dict[str, BySeed]:
    targets: dict[str, BySeed] = {}
    for record in records:
        if entry_of(record) == entry:
            targets.setdefault(record.cell.target, {})[record.cell.seed] = record
    return targets


def _compare(
    board: BoardCard,
    target: str,
    names: tuple[EntryName, EntryName],
    sides: Sequence[BySeed],
    records: Sequence[RunRecord],
    trust: Mapping[str, TrustLevel],
) -> Comparison:
    seeds = tuple(sorted(sides[0].keys() & sides[1].keys()))
    if not seeds:
        raise RecordError(f"{target}: {names[0]} and {names[1]} have no seed in common")
    used = [[side[seed] for seed in seeds] for side in sides]
    _check_comparable(target, [record for side in used for record in side])
    metric = METRICS[used[0][0].main_metric]
    cases, first, second = _case_scores(target, names, used)
    differences = np.round(metric.sign * (first - second), DECIMALS)
    subject_of = {case.case: case.subject for case in used[0][0].cases}
    subjects, index = np.unique([subject_of[case] for case in cases], return_inverse=True)
    counts = np.bincount(index)
    by_subject = np.stack([np.bincount(index, row) / counts for row in differences])
    mean = float(differences.mean())
    weighted = mean + (by_subject - mean) * counts / counts.mean()
    noise = _seed_noise(target, names, seeds, tuple(map(str, subjects)), records)
    over_subjects, over_cases = (
        estimates(values[None], noise)[0] for values in (by_subject, weighted)
    )
    anova = two_way_anova(by_subject[None])
    error = standard_error(anova, noise)
    gains = np.round(by_subject.mean(axis=0), DECIMALS)
    columns = (first.mean(axis=0), second.mean(axis=0), differences.mean(axis=0),
               differences.min(axis=0), differences.max(axis=0))  # fmt: skip
    case_differences = [
        CaseDifference(case, subject_of[case], *numbers)
        for case, *numbers in zip(cases, *(column.tolist() for column in columns), strict=True)
    ]
    levels = [min((trust.get(record.key, LEVELS[0]) for record in side), key=LEVELS.index)
              for side in used]  # fmt: skip
    return Comparison(
        target=target,
        metric=metric,
        first=names[0],
        second=names[1],
        seeds=seeds,
        cases=tuple(sorted(case_differences, key=lambda case: (-case.difference, case.case))),
        subjects=over_subjects,
        over_cases=over_cases,
        not_better=float(probability_not_above_zero(anova.mean, error)[0]),
        detectable=float(detectable(error)[0]),
        better=int((gains > 0).sum()),
        worse=int((gains < 0).sum()),
        equal=int((gains == 0).sum()),
        group_a=group_a(board, target, names, records),
        synthetic=all(record.marks.synthetic for side in sides for record in side.values()),
        trust=(levels[0], levels[1]),
        notes=tuple(dict.fromkeys(_notes(board, names, sides, seeds))),
    )


def _case_scores(
    target: str, names: tuple[EntryName, EntryName], sides: Sequence[Sequence[RunRecord]]
) -> tuple[list[str], Scores, Scores]:
    """Names of the cases, and of either side the scores (seeds, cases)."""
    first, second = (pd.DataFrame([record.case_means() for record in side]) for side in sides)
    if set(first) != set(second) or first.isna().any(axis=None):
        raise RecordError(f"{target}: {names[0]} and {names[1]} were scored on different cases")
    cases = [str(name) for name in first]
    return cases, first.to_numpy(dtype=np.float64), second[cases].to_numpy(dtype=np.float64)


def _notes(
    board: BoardCard,
    names: tuple[EntryName, EntryName],
    sides: Sequence[BySeed],
    seeds: Sequence[int],
) -> Iterator[str]:
    """Marks of the records, and what else limits the comparison."""
    yield from _marks(names, sides)
    if names[0].lane != names[1].lane:
        yield "the lanes differ: a difference is of the encoders and of the decoders"
    if len(seeds) < len(board.seeds):
        of_all = f"{', '.join(map(str, seeds))} of {', '.join(map(str, board.seeds))}"
        yield f"seeds {of_all} only"


def _check_comparable(target: str, records: Sequence[RunRecord]) -> None:
    for field in ("data", "splits", "target"):
        if len({getattr(record.fingerprints, field) for record in records}) > 1:
            raise RecordError(
                f"{target}: the records were made from different {field}; run one of them again"
            )


def _seed_noise(
    target: str,
    names: tuple[EntryName, EntryName],
    seeds: tuple[int, ...],
    subjects: tuple[str, ...],
    records: Sequence[RunRecord],
) -> SeedMeanSquare | None:
    """Seed noise pooled over all entries that have these seeds, as the leaderboard's gains do."""
    settings = {(target, name.lane, name.train_subjects) for name in names}
    scores: dict[EntryName, dict[int, Scores]] = {}
    for record in records:
        name = entry_of(record)
        if (record.cell.target, name.lane, name.train_subjects) not in settings:
            continue
        if record.cell.seed in seeds and (name in names or not record.marks.unranked):
            table = record_scores(record)
            if table.layout.subjects == subjects:
                by_seed = scores.setdefault(name, {})
                by_seed[record.cell.seed] = table.subject_scores(record.main_metric)
    complete = {name: [by_seed[seed] for seed in seeds]
                for name, by_seed in scores.items() if len(by_seed) == len(seeds)}  # fmt: skip
    pair = [np.array([list(complete).index(name)]) for name in names]
    return pooled_seed_ms(np.array([*complete.values()], dtype=np.float64), *pair)


def _marks(names: tuple[EntryName, EntryName], sides: Sequence[BySeed]) -> Iterator[str]:
    """The marks of either entry, with their reasons."""
    for name, side in zip(names, sides, strict=True):
        marks = [record.marks for record in side.values()]
        for field, mark in MARK_NAMES.items():
            if field != "synthetic" and any(mark in of_record.names for of_record in marks):
                values = [getattr(of_record, field) for of_record in marks]
                reasons = dict.fromkeys(r for v in values if isinstance(v, tuple) for r in v)
                because = f" ({'; '.join(reasons)})" if reasons else ""
                yield f"{name}: {mark}{because}"
        for reason in dict.fromkeys(reason for of_record in marks for reason in of_record.unranked):
            yield f"{name}: UNRANKED, {reason}"
