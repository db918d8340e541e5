"""The groups that a card's rules give its subjects, from facts of the cases and from masks."""

from collections.abc import Iterable, Sequence

import numpy as np

from benchmark.cards.dataset import DatasetCard
from benchmark.cards.subject_groups import SUBJECT, GroupRule
from benchmark.data.cases import Case, LoadedCase
from benchmark.data.layouts.registry import load_case
from benchmark.errors import CardError, DataError
from benchmark.workers import Progress, no_progress


def group_rows(
    card: DatasetCard, cases: Iterable[Case], progress: Progress = no_progress
) -> list[tuple[str, ...]]:
    """Rows of groups.csv, header first.

    A subject whose cases differ, or one with an empty fact where there are bands, has "" for that
    group.

    Args:
        card: Of the data set.
        cases: Its cases; images are read only where a size counts.
        progress: Gets the cases done and in total.

    Raises:
        CardError: The card has no group with a rule, or a rule names a label that it has not.
        DataError: A case lacks the fact of a rule, a fact with bands is no number, or only some
            cases of a subject have a spacing.
    """
    rules = {name: rule for name, rule in card.groups.items() if rule.fact or rule.size_of}
    if not rules:
        raise CardError(f"{card.id}: its card has no `groups` with fact or size_of")
    for name, rule in rules.items():
        if unknown := [label for label in rule.size_of if label not in card.labels]:
            raise CardError(f"{card.id}: group {name!r} is of unknown labels {', '.join(unknown)}")
    of_subject: dict[str, dict[str, list[tuple[str, str]]]] = {}
    listed = list(cases)
    for number, case in enumerate(listed, start=1):
        by_rule = of_subject.setdefault(case.subject, {name: [] for name in rules})
        loaded = load_case(card, case) if any(rule.size_of for rule in rules.values()) else None
        for name, rule in rules.items():
            by_rule[name].append(_size(card, rule, loaded) if loaded and rule.size_of
                             else (_fact(case, rule), rule.unit))  # fmt: skip
        progress(f"reading {card.id}", number, len(listed))
    return [(SUBJECT, *rules), *(
        (subject, *(_part(subject, rules[name], values) for name, values in by_rule.items()))
        for subject, by_rule in sorted(of_subject.items())
    )]  # fmt: skip


def _fact(case: Case, rule: GroupRule) -> str:
    if rule.fact not in case.facts:
        known = ", ".join(case.facts) or "no facts"
        raise DataError(f"case {case.case!r}: no fact {rule.fact!r}; it has {known}")
    return case.facts[rule.fact]


def _size(card: DatasetCard, rule: GroupRule, loaded: LoadedCase) -> tuple[str, str]:
    """Size of the labels of a rule in one case, and its unit."""
    inside = np.isin(loaded.mask, [card.labels[label] for label in rule.size_of])
    if loaded.spacing_mm is None:
        return str(100 * inside.mean()), "%"
    size = inside.sum() * float(np.prod(loaded.spacing_mm))
    return (str(size / 1000), "ml") if loaded.is_volume else (str(size / 100), "cm²")


def _part(subject: str, rule: GroupRule, values: Sequence[tuple[str, str]]) -> str:
    """The part that a subject falls into, from the values of its cases with their units."""
    texts, units = zip(*values, strict=True)
    if not rule.bands:
        return str(texts[0]) if len(set(texts)) == 1 else ""
    if not all(text.strip() for text in texts):
        return ""
    if len(set(units)) > 1:
        raise DataError(f"subject {subject!r}: some of its cases have a spacing, some have none")
    try:
        mean = float(np.mean([float(text) for text in texts]))
        if not np.isfinite(mean):
            raise ValueError
        return rule.band(mean, units[0])
    except ValueError:
        raise DataError(f"subject {subject!r}: {rule.fact} is {texts[0]!r}, not a number") from None
