"""Tie groups: entries that do not differ significantly from the leader of their group.

Walk down the order by mean. The first entry leads group 1; the next joins the leader's group
unless the paired test finds it worse than *the leader*, in which case it leads the next
group. Anchoring at the leader prevents chains, in which neighbours never differ but ends do.

The leader is chosen by the same scores that test it, so a correction for the comparisons with the
leader alone would be too weak. Holm's correction therefore runs over all pairs of all tables of
a lane of the board: if all its entries are equal, it is split anywhere in at most 5 % of the cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.statistics.anova import Scores
from benchmark.statistics.paired_tests import ALPHA, Claim, PairTests, holm
from benchmark.statistics.scores import Entry

TOO_FEW = "too few subjects to tell so many entries apart"


@dataclass(frozen=True)
class TieGroups:
    """Groups of one table.

    Attributes:
        group: Per entry, 1 for the group of the best; in order of the means.
        claim: What a boundary between two groups shows.
        note: Why no boundary was possible, or "".
    """

    group: Mapping[Entry, int]
    claim: Claim
    note: str


def tie_groups(tables: Sequence[PairTests]) -> list[TieGroups]:
    """Groups of each table of a lane, corrected over the pairs of all tables.

    Args:
        tables: One per target, or the one of all targets together.
    """
    pairs = [np.triu_indices(len(table.entries), 1) for table in tables]
    p = np.concatenate([np.empty(0), *(table.p[k] for table, k in zip(tables, pairs, strict=True))])
    small = p < ALPHA  # none of the others is rejected
    p[small] = holm(p[small], larger=int(np.count_nonzero(~small)))
    parts = np.split(p, np.cumsum([len(k[0]) for k in pairs])[:-1])
    groups = []
    for table, k, corrected in zip(tables, pairs, parts, strict=False):
        matrix = np.ones_like(table.p)
        matrix[k] = corrected
        groups.append(_groups(table, np.minimum(matrix, matrix.T), len(p)))
    return groups


def _groups(table: PairTests, p: Scores, pairs: int) -> TieGroups:
    group: dict[Entry, int] = {}
    leader, number = -1, 0
    for index in np.argsort(-table.means, kind="stable"):
        if leader < 0 or p[leader, index] < ALPHA:
            leader, number = int(index), number + 1
        group[table.entries[index]] = number
    powerless = len(table.entries) > 1 and table.smallest * pairs >= ALPHA
    note = TOO_FEW if powerless else ""
    return TieGroups(group, table.claim, note)


def letter(group: int) -> str:
    """A group as readers see it: 1 is a, 26 z, 27 aa."""
    text = ""
    while group:
        group, digit = divmod(group - 1, 26)
        text = chr(ord("a") + digit) + text
    return text
