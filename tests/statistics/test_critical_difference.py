"""Critical differences: Demsar's published table, scipy, scikit-posthocs, autorank, and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.statistics.critical_difference import critical_difference

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    RNG.normal(size=(12, 5)) + np.array([0, 0.2, 1.5, 2, 3]), columns=list("abcde")
)


def test_friedman_is_scipys_also_with_ties() -> None:
    for table in (TABLE, TABLE.round(0)):
        found = critical_difference(table)
        assert found.friedman_p == pytest.approx(
            stats.friedmanchisquare(*table.to_numpy().T).pvalue
        )


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_nemenyi_critical_values_are_those_of_demsar_table_5(k: int, q: float) -> None:
    found = critical_difference(pd.DataFrame(RNG.normal(size=(14, k))))
    assert found.critical_difference == pytest.approx(q * (k * (k + 1) / (6 * 14)) ** 0.5, rel=1e-3)


def test_nemenyi_is_that_of_scikit_posthocs() -> None:
    import scikit_posthocs as posthocs

    found = critical_difference(TABLE)
    wanted = posthocs.posthoc_nemenyi_friedman(TABLE).loc[list(found.entries), list(found.entries)]
    assert found.p == pytest.approx(wanted.to_numpy(), abs=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_ranks_and_difference_are_those_of_autorank() -> None:
    import autorank

    wanted = autorank.autorank(TABLE, verbose=False, force_mode="nonparametric")
    found = critical_difference(TABLE)
    ranks = wanted.rankdf["meanrank"]
    assert dict(zip(found.entries, found.mean_ranks, strict=True)) == pytest.approx(ranks.to_dict())
    assert found.critical_difference == pytest.approx(wanted.cd, rel=1e-3)


def test_bars_by_hand() -> None:
    """Two clear halves in every block: bars a b and c d, whichever is first within."""
    rows = [[4 - i % 2, 3 + i % 2, 2 - i % 2, 1 + i % 2] for i in range(40)]
    found = critical_difference(pd.DataFrame(rows, columns=list("abcd")))
    assert set(found.entries[:2]) == {"a", "b"} and found.bars == ((0, 1), (2, 3))
    assert found.mean_ranks == pytest.approx([1.5, 1.5, 3.5, 3.5])


def test_nothing_found_is_one_bar() -> None:
    same = pd.DataFrame(np.ones((6, 3)))
    found = critical_difference(same)
    assert found.friedman_p == 1 and found.bars == ((0, 2),) and (found.p == 1).all()


def test_incomplete_entries_and_empty_blocks_are_left_out_by_name() -> None:
    table = TABLE.copy()
    table.loc["empty"] = np.nan
    table.loc[0, "b"] = np.nan
    found = critical_difference(table)
    assert set(found.left_out) == {"empty", "b"} and len(found.entries) == 4 and found.blocks == 12


@pytest.mark.parametrize(
    "table", [TABLE[["a"]], TABLE[:1], TABLE[:0], pd.DataFrame(), TABLE * np.nan]
)
def test_too_little_for_a_test(table: pd.DataFrame) -> None:
    found = critical_difference(table)
    assert found.friedman_p is None and "two or more" in found.note
    assert np.isfinite(found.mean_ranks).all() and found.bars == ()
