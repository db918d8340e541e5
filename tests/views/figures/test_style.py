"""Entries of a figure can be told apart."""

from itertools import product
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from benchmark.views.figures.style import Look, looks


def look_of(sources: list[str], strategies: list[str]) -> dict[Any, Look]:
    entries = [*product(["scratch", *sources], strategies)]
    rows = pd.DataFrame(entries, columns=["source", "strategy"]).assign(marks="")
    card = SimpleNamespace(sources=["scratch", *sources], strategies=strategies, baseline="scratch")
    board: Any = SimpleNamespace(rows=rows, board=card)
    return looks(board, rows)


@pytest.mark.parametrize(("sources", "strategies"), [("abcdef", "st"), ("a", "stuvwx")])
def test_colours_are_of_sources_or_of_strategies_whichever_are_more(
    sources: str, strategies: str
) -> None:
    looked = look_of([*sources], [*strategies])
    pretrained = {(look.colour, look.line) for (source, _), look in looked.items()
                  if source != "scratch"}  # fmt: skip
    assert len(pretrained) == len(sources) * len(strategies)
    baseline = {look.colour for (source, _), look in looked.items() if source == "scratch"}
    assert len(baseline) == 1 and not baseline & {colour for colour, _ in pretrained}
