"""`--dry-run`: how many cells, what comes first, and how long it takes."""

from pathlib import Path

import pytest
from support.command import segtransfer
from support.factories import SYNTHETIC_BOARDS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder and the home of a fresh machine."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("run", "quickstart_v2"), "24 cells: 0 done, 24 to run"),
        (("run", "quickstart_v2", "--source", "scratch", "--seeds", "0"), "4 cells: 0 done, 4"),
        (
            ("--content", str(SYNTHETIC_BOARDS), "reproduce", "wang2023_small"),
            "48 cells: 0 done, 48 to run",
        ),
        (("sequence", "phantom_sequence_v2"), "24 sequences: 0 done, 24 to run"),
    ],
)
def test_cells_and_time_are_stated_on_a_fresh_machine(
    words: tuple[str, ...], count: str, folder: Path
) -> None:
    first, *lines = segtransfer(*words, "--dry-run", home=folder).stdout.splitlines()
    assert first.startswith(count)
    (time,) = (line for line in lines if line.startswith("time: "))
    assert time.startswith("time: about ") and "one after the other" in time
    assert ("without pretraining" in time) == any("to pretrain first" in line for line in lines)
    assert not (folder / "runs").exists()


def test_a_trial_has_no_measured_time(folder: Path) -> None:
    words = ["run", "quickstart_v2", "--sources", "scratch", "--limit-steps", "2", "--dry-run"]
    assert "time: not known" in segtransfer(*words, home=folder).stdout
