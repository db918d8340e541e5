"""The tables of shipped boards are those of their records and of the current cards."""

import shutil
from pathlib import Path

import pytest
from support.factories import SYNTHETIC_BOARDS, shipped_registry

from benchmark.cards.content import shipped_content
from benchmark.cards.registry import Registry
from benchmark.leaderboard.folder import load_leaderboard
from benchmark.records.store import Store
from benchmark.views.board import BoardView, write_board_page
from benchmark.workspace import Workspace

FOLDERS = [
    path.parent
    for root in (shipped_content(), SYNTHETIC_BOARDS)
    for path in (root / "leaderboards").glob("*/records")
]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return shipped_registry(SYNTHETIC_BOARDS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_tables_and_records_agree(folder: Path, tmp_path: Path, registry: Registry) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    assert BoardView(Store(copy), Workspace(registry, tmp_path / "home")).write_tables()
    for name in ("README.md", "leaderboard.csv"):
        assert (copy / name).read_text() == (folder / name).read_text(), name


def test_the_quickstart_is_shipped() -> None:
    assert "quickstart_v2" in {folder.name for folder in FOLDERS}


def test_every_reader_misses_the_same_cells(tmp_path: Path, registry: Registry) -> None:
    """Of a board with sources on networks of their own, which have lanes too."""
    workspace = Workspace(registry, tmp_path)
    store = Store(registry.folders["real_v2"])
    missing = BoardView(store, workspace).leaderboard.missing
    planned = registry.board("real_v2").description.partition(" cells of")[0].rpartition("(")[2]
    assert len(missing) + len(list(store.folder.rglob("seed*.json"))) == int(planned)
    assert load_leaderboard("real_v2", workspace).missing == missing
    write_board_page(store, tmp_path / "page.html", workspace)
    assert f"missing cells: {len(missing)}<" in (tmp_path / "page.html").read_text()
