"""Texts that all outputs share."""

import pytest

from benchmark.views.text import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.02, "1 s"), (7.96, "8 s"), (119, "119 s"), (150, "2.5 min"), (9000, "2.5 h")],
)
def test_durations_are_rounded(seconds: float, text: str) -> None:
    assert duration(seconds) == text
