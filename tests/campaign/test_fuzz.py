"""A short version of the campaign: every reader, a few mutated files each."""

from pathlib import Path

import pytest
from campaign.fuzz import fuzz
from campaign.readers import readers

INPUTS = 60
NAMES = [  # each old pickle is read by a process of its own, as in tests/models/checkpoints
    pytest.param(name, marks=pytest.mark.slow if name == "old pickle" else ())
    for name in sorted(readers())
]


@pytest.mark.parametrize("name", NAMES)
def test_readers_raise_only_their_errors(name: str, tmp_path: Path) -> None:
    count = INPUTS if readers()[name].share > 0.1 else 2
    found = fuzz(name, count, seed=1, keep=tmp_path)
    assert found.keys() <= {"read", "refused"}, (found, tmp_path)
    assert found["refused"] or name in ("licence", "parsed cards"), "mutations change nothing"


@pytest.mark.parametrize("name", NAMES)
def test_sound_files_are_read(name: str) -> None:
    reader = readers()[name]
    assert fuzz(name, len(reader.seeds), seed=1) == {"read": len(reader.seeds)}
