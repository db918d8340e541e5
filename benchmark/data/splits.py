"""Fixed splits by subject: read, drawn, by a card's rule, or in folds; and their checks."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from benchmark.cards.dataset import DatasetCard, SplitRule, Subset
from benchmark.cards.registry import Registry, SplitRow
from benchmark.cards.target import TargetCard
from benchmark.data.cases import Case
from benchmark.data.layouts.registry import find_cases
from benchmark.errors import SplitError

TRAIN, VAL = 0.6, 0.2


def cases_and_split(
    registry: Registry, card: DatasetCard, root: Path | None
) -> tuple[dict[str, Case], tuple[SplitRow, ...]]:
    """All cases of a data set by name, and its split: its file, or by its card's rule.

    Args:
        registry: All cards.
        card: Of the data set.
        root: Its folder; None for phantoms.

    Raises:
        DataError: The cases cannot be found.
        CardError: The file of the split is missing or malformed.
        SplitError: A subject is in two subsets, or the rule does not cover a case.
    """
    cases = {case.case: case for case in find_cases(card, root)}
    if card.split is None:
        rows = registry.split(card.id)
    else:
        rows = split_by_rule(card.split, cases.values())
    check_groups(card.id, rows)
    return cases, rows


def hashed_order(subjects: Iterable[str], salt: str = "") -> list[str]:
    """Each subject once, in the order of the SHA-256 of salt and name."""
    return sorted(
        set(subjects), key=lambda name: hashlib.sha256(f"{salt}{name}".encode()).hexdigest()
    )


def make_split(cases: Sequence[Case], seed: int = 0) -> list[SplitRow]:
    """Split by subject into 60, 20 and 20 % train, val and test, at least one subject each.

    Args:
        cases: All cases of the data set.
        seed: Another seed gives another split.

    Raises:
        SplitError: Fewer than three subjects.
    """
    subjects = hashed_order((case.subject for case in cases), f"{seed}|")
    count = len(subjects)
    if count < 3:
        raise SplitError(f"{count} subjects; train, val and test need one each")
    train = max(1, min(round(TRAIN * count), count - 2))
    val = max(1, min(round(VAL * count), count - train - 1))
    subset: dict[str, Subset] = {
        subject: "train" if k < train else "val" if k < train + val else "test"
        for k, subject in enumerate(subjects)
    }
    return [SplitRow(c.case, c.subject, subset[c.subject]) for c in cases]


def split_by_rule(rule: SplitRule, cases: Iterable[Case]) -> tuple[SplitRow, ...]:
    """The rows that a card's split rule gives for these cases.

    Raises:
        SplitError: The official split has a value that the rule does not know.
    """
    listed = {name: subset for subset, names in rule.listed.items() for name in names}
    rows = []
    for case in cases:
        if listed:
            subset = listed.get(case.case, rule.others)
        else:
            subset = _hashed_subset(case.subject, rule.seed, _shares(rule, case))
        rows.append(SplitRow(case.case, case.subject, subset))
    return tuple(rows)


def _shares(rule: SplitRule, case: Case) -> Mapping[Subset, float]:
    """The subsets that a case may fall into, with the share of subjects of each."""
    if rule.fact is None:
        return rule.shares
    value = case.facts.get(rule.fact, "")
    if value not in rule.values:
        raise SplitError(
            f"case {case.case!r}: {rule.fact} is {value!r}; the card's split knows "
            f"{', '.join(rule.values)}"
        )
    subset = rule.values[value]
    if subset == "train_val":
        return {"train": rule.shares["train"], "val": rule.shares["val"]}
    return {subset: 1.0}


def _hashed_subset(subject: str, seed: int, shares: Mapping[Subset, float]) -> Subset:
    digest = hashlib.sha256(f"{seed}|{subject}".encode()).digest()
    position = int.from_bytes(digest[:6], "big") / 2**48 * sum(shares.values())
    bounds = list(accumulate(shares.values()))
    return list(shares)[min(bisect_right(bounds, position), len(bounds) - 1)]


def split_in_folds(rows: Iterable[SplitRow], number: int, of: int) -> tuple[SplitRow, ...]:
    """Another split of the same cases, by subject, in folds of equal numbers of subjects.

    Subjects fall into folds by the order of their hashes; those of the subset `pretrain` stay
    in it. Near-duplicate images were sought across the subsets of the original split only.

    Args:
        rows: The original split.
        number: The fold to test on, from 1; the next one is val, the others are train.
        of: How many folds.

    Raises:
        SplitError: There are fewer subjects than folds.
    """
    rows = tuple(rows)
    subjects = hashed_order((row.subject for row in rows if row.subset != "pretrain"), "fold|")
    if len(subjects) < of:
        raise SplitError(f"{len(subjects)} subjects cannot fall into {of} folds")
    parts: dict[int, Subset] = {number - 1: "test", number % of: "val"}
    subset = {subject: parts.get(k % of, "train") for k, subject in enumerate(subjects)}
    return tuple(row._replace(subset=subset.get(row.subject, row.subset)) for row in rows)


def target_split(rows: tuple[SplitRow, ...], target: TargetCard) -> tuple[SplitRow, ...]:
    """The split that a target task uses: in folds, or that of its data set.

    Raises:
        SplitError: There are fewer subjects than folds.
    """
    if target.fold:
        return split_in_folds(rows, target.fold.number, target.fold.of)
    return tested_in_folds(rows, target.folds) if target.folds else rows


def fold_splits(rows: tuple[SplitRow, ...], target: TargetCard) -> tuple[tuple[SplitRow, ...], ...]:
    """The split of each fold of a cross-validated target; the split itself for any other."""
    if target.folds is None:
        return (rows,)
    numbers = range(1, target.folds + 1)
    return tuple(split_in_folds(rows, number, target.folds) for number in numbers)


def tested_in_folds(rows: Iterable[SplitRow], of: int) -> tuple[SplitRow, ...]:
    """The rows of a cross-validation: each subject is tested; those of `pretrain` stay in it.

    Raises:
        SplitError: There are fewer subjects than folds.
    """
    return tuple(
        row if row.subset == "pretrain" else row._replace(subset="test")
        for row in split_in_folds(rows, 1, of)
    )


def check_groups(name: str, rows: Iterable[SplitRow]) -> None:
    """Refuse a split in which a subject is in two subsets.

    Raises:
        SplitError: Naming the subjects (the first five) and their number.
    """
    subsets: dict[str, set[str]] = {}
    for row in rows:
        subsets.setdefault(row.subject, set()).add(row.subset)
    leaks = [f"{s!r} ({', '.join(sorted(v))})" for s, v in sorted(subsets.items()) if len(v) > 1]
    if leaks:
        raise SplitError(
            f"{name}/splits.csv: {len(leaks)} subjects are in several subsets: "
            f"{', '.join(leaks[:5])}; put all cases of a subject into one"
        )


def check_subjects(name: str, rows: Iterable[SplitRow], cases: Iterable[Case]) -> None:
    """Refuse a split that names another subject for a case than the data do.

    Raises:
        SplitError: Naming the first such case.
    """
    known = {case.case: case.subject for case in cases}
    for row in rows:
        if row.case in known and known[row.case] != row.subject:
            raise SplitError(
                f"{name}/splits.csv: case {row.case!r} is of subject {row.subject!r}, but the "
                f"data have {known[row.case]!r}"
            )
