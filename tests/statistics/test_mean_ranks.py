"""Mean ranks and Friedman's test: scipy, autorank, and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.statistics.mean_ranks import rank_over_blocks

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    RNG.normal(size=(12, 5)) + np.array([0, 0.2, 1.5, 2, 3]), columns=list("abcde")
)


def test_friedman_is_scipys_also_with_ties() -> None:
    for table in (TABLE, TABLE.round(0)):
        found = rank_over_blocks(table)
        assert found.friedman_p == pytest.approx(
            stats.friedmanchisquare(*table.to_numpy().T).pvalue
        )


@pytest.mark.filterwarnings("ignore")
def test_ranks_are_those_of_autorank() -> None:
    import autorank

    wanted = autorank.autorank(TABLE, verbose=False, force_mode="nonparametric")
    found = rank_over_blocks(TABLE)
    ranks = wanted.rankdf["meanrank"]
    assert dict(zip(found.entries, found.mean_ranks, strict=True)) == pytest.approx(ranks.to_dict())


def test_ranks_by_hand() -> None:
    rows = [[4 - i % 2, 3 + i % 2, 2 - i % 2, 1 + i % 2] for i in range(40)]
    found = rank_over_blocks(pd.DataFrame(rows, columns=list("abcd")))
    assert set(found.entries[:2]) == {"a", "b"}
    assert found.mean_ranks == pytest.approx([1.5, 1.5, 3.5, 3.5])
    assert rank_over_blocks(pd.DataFrame(np.ones((6, 3)))).friedman_p == 1


def test_incomplete_entries_and_empty_blocks_are_left_out() -> None:
    table = TABLE.copy()
    table.loc["empty"] = np.nan
    table.loc[0, "b"] = np.nan
    found = rank_over_blocks(table)
    assert set(found.entries) == set(TABLE) - {"b"} and found.blocks == 12


@pytest.mark.parametrize(
    "table", [TABLE[["a"]], TABLE[:1], TABLE[:0], pd.DataFrame(), TABLE * np.nan]
)
def test_too_little_for_a_test(table: pd.DataFrame) -> None:
    found = rank_over_blocks(table)
    assert found.friedman_p is None and "two or more" in found.note
    assert np.isfinite(found.mean_ranks).all()
