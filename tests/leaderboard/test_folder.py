"""The tables of shipped boards are what their records say, and what the cards still are."""

import shutil
from pathlib import Path

import pytest

from benchmark.cards.content import content_roots, shipped_content
from benchmark.cards.registry import Registry
from benchmark.cli.leaderboard import print_board
from benchmark.cli.terminal import settings
from benchmark.records.store import Store

FOLDERS = [path.parent for path in (shipped_content() / "leaderboards").glob("*/records")]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_tables_and_records_agree(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "home", tmp_path / "home")
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    print_board(Store(copy), Registry.load(content_roots()))
    for name in ("README.md", "leaderboard.csv"):
        assert (copy / name).read_text() == (folder / name).read_text(), name


def test_the_quickstart_is_shipped() -> None:
    assert "quickstart_v1" in {folder.name for folder in FOLDERS}
