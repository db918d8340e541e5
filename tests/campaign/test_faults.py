"""The short form of the campaign of faults; the long one is run by hand."""

import pytest
from campaign.faults import run


@pytest.mark.slow
def test_three_kills_and_two_runs_at_once() -> None:
    result = run(3, parts=("kills", "full_disk", "two_at_once"))
    assert result["otherwise"] == []
    assert result["kills"]["kills"] == 3 and result["two_at_once"]["run twice"] == 0
