"""`segtransfer site`: every board has a page, and what was run here is shown."""

from pathlib import Path

import pytest
from support.factories import board_folder, make_record, shipped_registry
from typer.testing import CliRunner

from benchmark.cards.content import shipped_content
from benchmark.cards.registry import Registry
from benchmark.cli.main import app
from benchmark.cli.site import board_folders
from benchmark.records.store import Store
from benchmark.views.json_schema import BoardFile


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("here") / "runs" / "tiny_v2"
    folder.mkdir(parents=True)
    store = Store(board_folder(folder))
    for seed in (0, 1):
        store.write(make_record(seed=seed))
    return folder.parent


def few_boards(registry: Registry, runs: Path) -> dict[str, Path]:
    few = ("phantom_sequence_v2", "standard_v1", "tiny_v2")
    return {name: path for name, path in board_folders(registry, runs).items() if name in few}


@pytest.fixture(scope="module")
def out(runs: Path) -> Path:
    """The site of a few boards, without copies of their records."""
    folder = runs.parent / "site"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("benchmark.cli.site.board_folders", few_boards)
        done = CliRunner().invoke(app, ["site", str(folder), "--runs", str(runs)])
    assert done.exit_code == 0 and "tiny_v2: 2 records" in done.output
    return folder


@pytest.mark.slow
def test_every_shipped_board_has_a_page(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["site", str(tmp_path), "--runs", str(tmp_path / "runs")])
    assert done.exit_code == 0
    assert all((tmp_path / f"{name}.html").is_file() for name in shipped_registry().boards)


def test_boards_have_pages_and_what_was_run_here_is_linked(out: Path) -> None:
    index = (out / "index.html").read_text(encoding="utf-8")
    for name in ("tiny_v2", "standard_v1"):
        assert f'href="{name}.html"' in index and (out / f"{name}.html").is_file()
    page = (out / "tiny_v2.html").read_text(encoding="utf-8")
    assert "../runs/tiny_v2/records/phantom_fetal_head_64/scratch/full/nall/seed0.json" in page


def test_sequences_are_on_the_page_and_told_by_the_index(out: Path) -> None:
    page = (out / "phantom_sequence_v2.html").read_text(encoding="utf-8")
    assert "(SYNTHETIC)</title>" in page and "No records yet" not in page
    part = page[page.index('id="sequences"') :]
    table = shipped_content() / "leaderboards/phantom_sequence_v2/sequences/README.md"
    rows = [line for line in table.read_text().splitlines() if line.startswith("| scratch")]
    cells = [cell for row in rows for cell in row.strip("| ").split(" | ")]
    assert len(rows) == 14 and all(f"<td>{cell}</td>" in part for cell in cells)
    assert "missing runs: 0" in part
    index = (out / "index.html").read_text(encoding="utf-8")
    item = index[index.index("phantom_sequence_v2.html") :].split("</li>\n<li class")[0]
    assert "sequences: 24 · missing sequences: 0" in item and "SYNTHETIC" in item
    assert index.index("phantom_sequence_v2.html") < index.index("standard_v1.html")


def test_a_board_of_sequences_shows_them_in_every_form() -> None:
    texts = {}
    for form in ("text", "markdown", "latex", "json"):
        words = ["leaderboard", "phantom_sequence_v2", "--clean", "--format", form]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0 and "no records yet" not in done.stdout, form
        assert "0.979" in done.stdout and "synthetic" in done.stdout.lower(), form
        texts[form] = done.stdout
    assert "sequences (phantom_sequence_v2)" in texts["text"] and "sequences (" in texts["markdown"]
    assert texts["latex"].count(r"\begin{table}") == 3 and "Forgetting: the best" in texts["latex"]
    found = BoardFile.model_validate_json(texts["json"])
    assert found.synthetic and not found.rows and len(found.sequences) == 14
    first, alone = found.sequences[0], found.sequences[6]
    assert (first.sequence, first.metric, first.marks) == ("device_order", "dice", ("synthetic",))
    last = first.stages[-1].scores.values()
    assert first.measures["average"].value == pytest.approx(sum(one.value for one in last) / 3)
    assert alone.sequence == "(each device alone)" and not alone.stages


def test_records_can_move_along(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {"tiny_v2": runs / "tiny_v2"}
    monkeypatch.setattr("benchmark.cli.site.board_folders", lambda *_: ours)
    out = tmp_path / "site"
    done = CliRunner().invoke(app, ["site", str(out), "--runs", str(runs), "--with-records"])
    assert done.exit_code == 0
    link = "tiny_v2/records/phantom_fetal_head_64/scratch/full/nall/seed0.json"
    assert f'href="{link}"' in (out / "tiny_v2.html").read_text(encoding="utf-8")
    assert (out / link).is_file()
