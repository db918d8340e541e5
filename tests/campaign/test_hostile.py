"""A short version of the campaign of hostile submissions; most kinds have tests of their own."""

from pathlib import Path

import pytest
from campaign.hostile import ATTACKS, HONEST, make_context, verdict_on
from support.packs import Machine

BRIEFLY = [
    "copy of maps, three pixels less each",
    "copy, scores moved by 1e-5",
    "id in capitals",
    "card with an empty number",
    "map with an open bracket",
    "map of 2^60 pixels",
]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> tuple[Machine, Path]:
    return make_context(tmp_path_factory.mktemp("hostile") / "context")


@pytest.mark.parametrize("name", [*BRIEFLY, "zip with maps"])
def test_it_is_refused_with_a_report(
    name: str, context: tuple[Machine, Path], tmp_path: Path
) -> None:
    found = verdict_on((ATTACKS | HONEST)[name], *context, tmp_path)
    assert bool(found) == (name in ATTACKS) and "--debug" not in found


def test_there_are_many_kinds() -> None:
    assert len(ATTACKS) >= 25
