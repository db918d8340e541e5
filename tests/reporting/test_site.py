"""`segtransfer site`: a page a board and an index that leads to each."""

from pathlib import Path

import pytest
from factories import board_folder, make_record
from typer.testing import CliRunner

from benchmark.cli.main import app
from benchmark.records.store import Store


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "demo_v1"
    folder.mkdir(parents=True)
    store = Store(board_folder(folder))
    for seed in (0, 1):
        store.write(make_record(seed=seed))
    return folder.parent


def test_every_board_has_a_page(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    done = CliRunner().invoke(app, ["site", str(out), "--runs", str(runs)])
    assert done.exit_code == 0 and "demo_v1: 2 records" in done.output
    index = (out / "index.html").read_text(encoding="utf-8")
    for name in ("demo_v1", "standard_v1"):
        assert f'href="{name}.html"' in index and (out / f"{name}.html").is_file()
    page = (out / "demo_v1.html").read_text(encoding="utf-8")
    assert "../runs/demo_v1/records/phantom_fetal_head_64/scratch/full/nall/seed0.json" in page


def test_records_can_move_along(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    done = CliRunner().invoke(app, ["site", str(out), "--runs", str(runs), "--with-records"])
    assert done.exit_code == 0
    link = "demo_v1/records/phantom_fetal_head_64/scratch/full/nall/seed0.json"
    assert f'href="{link}"' in (out / "demo_v1.html").read_text(encoding="utf-8")
    assert (out / link).is_file()
