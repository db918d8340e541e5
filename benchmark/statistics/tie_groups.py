"""Tie groups: who cannot be told apart from the leader of their group.

Walk down the order by mean. The first entry leads group 1; the next joins the leader's group
unless the paired test says that it is worse than *the leader*, in which case it leads the next
group. Anchoring at the leader prevents chains, in which neighbours never differ but ends do.

The leader is chosen by the same scores that test it, so a correction for the comparisons with the
leader alone would be too weak. Holm's correction therefore runs over all pairs of all tables of
the board: if all entries are equal, a board is split anywhere in at most 5 % of the cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.statistics.anova import Scores
from benchmark.statistics.paired_tests import ALPHA, Claim, PairTests, holm
from benchmark.statistics.scores import Entry


@dataclass(frozen=True)
class TieGroups:
    """Groups of one table.

    Attributes:
        group: Per entry, 1 for the group of the best; in order of the means.
        claim: What a boundary between two groups says.
        note: Why no boundary was possible, or "".
    """

    group: Mapping[Entry, int]
    claim: Claim
    note: str


def tie_groups(tables: Sequence[PairTests]) -> list[TieGroups]:
    """Groups of each table of a board, corrected over the pairs of all tables.

    Args:
        tables: One per target, or the one of all targets together.
    """
    corners = [np.triu_indices(len(one.entries), 1) for one in tables]
    found = [one.p[corner] for one, corner in zip(tables, corners, strict=True)]
    corrected = np.concatenate(found) if found else np.empty(0)
    small = corrected < ALPHA  # none of the others is rejected
    corrected[small] = holm(corrected[small], larger=int(np.count_nonzero(~small)))
    ends = np.cumsum([len(p) for p in found])
    done = []
    for one, corner, end in zip(tables, corners, ends, strict=True):
        p = np.ones_like(one.p)
        p[corner] = corrected[end - len(corner[0]) : end]
        done.append(_walk(one, np.minimum(p, p.T), len(corrected)))
    return done


def _walk(table: PairTests, p: Scores, pairs: int) -> TieGroups:
    group: dict[Entry, int] = {}
    leader, number = -1, 0
    for index in np.argsort(-table.means, kind="stable"):
        if leader < 0 or p[leader, index] < ALPHA:
            leader, number = int(index), number + 1
        group[table.entries[index]] = number
    few = len(table.entries) > 1 and table.smallest * pairs >= ALPHA
    note = "too few subjects to tell so many entries apart" if few else ""
    return TieGroups(group, table.claim, note)


def letter(group: int) -> str:
    """A group as readers see it: 1 is a, 26 z, 27 aa."""
    text = ""
    while group:
        group, digit = divmod(group - 1, 26)
        text = chr(ord("a") + digit) + text
    return text
