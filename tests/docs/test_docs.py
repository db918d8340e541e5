"""Every command and Python example of README and docs is run, and every YAML example is read.

Commands stand in blocks marked `sh`; what is not run here (it needs a network, or is tested by its
own job) stands in blocks marked `text`.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.factories import board_folder, make_record

from benchmark.cards.content import content_roots
from benchmark.cards.pretraining import Pretraining
from benchmark.cards.registry import Registry
from benchmark.cli.main import app
from benchmark.phantoms.catalogue import make_case
from benchmark.records.store import Store
from benchmark.training.pretraining.loop import pretrain

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PLACES = {
    "layout": "datasets/{}/dataset.yaml",
    "protocol": "leaderboards/{}/board.yaml",
    "provides": "tasks/source/{}.yaml",
}


def stem(page: Path) -> str:
    return page.stem


def blocks(page: Path, kind: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[list[str]]:
    lines = "".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line for line in words if line and line[0] not in ("make", "alias")]


def write_cards(page: Path, folder: Path) -> list[str]:
    """Put the page's YAML examples where they belong; their ids."""
    names = []
    for text in blocks(page, "yaml"):
        name = re.search(r"^id: (\S+)", text, re.MULTILINE)
        assert name
        kind = next(place for key, place in PLACES.items() if re.search(rf"^{key}:", text, re.M))
        path = folder / kind.format(name[1])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        names.append(name[1])
    return names


def own_pictures(folder: Path) -> None:
    """The folder that docs/own-data-set.md speaks of."""
    for kind in ("scans", "masks"):
        (folder / kind).mkdir()
    for number in range(20):
        case = make_case("fetal_head", seed=5, index=number, size=96)
        name = f"p{number // 2:02d}_{number % 2 + 1}.png"
        Image.fromarray(case.image.astype(np.uint8)).save(folder / "scans" / name)
        Image.fromarray(255 * case.mask).save(folder / "masks" / name)


def only_what_was_run(registry: Registry, runs: Path) -> dict[str, Path]:
    return {path.name: path for path in runs.iterdir()}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps for pretraining, no pictures of cells, one board on the site: see other tests."""

    def cut(objective: Any, learning: Any, watched: Any, recipe: Pretraining, *rest: Any) -> Any:
        quick = recipe.model_copy(update={"steps": 4, "evaluations": 1})
        return pretrain(objective, learning, watched, quick, *rest)

    monkeypatch.setattr("benchmark.running.pretraining.pretrain", cut)
    monkeypatch.setattr("benchmark.running.cell.write_overlays", lambda *drawn: None)
    monkeypatch.setattr("benchmark.cli.site.board_folders", only_what_was_run)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.slow if page.stem == "adding-a-board" else ())
        for page in PAGES
    ],
    ids=stem,
)
def test_its_commands_run(
    page: Path,
    shared_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    write_cards(page, tmp_path / "cards")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    folder = tmp_path / "runs" / "demo_v3"
    folder.mkdir(parents=True)
    Store(board_folder(folder)).write(make_record())
    if page.stem == "own-data-set":
        own_pictures(tmp_path)
    for program, *words in commands(page):
        assert program in ("segtransfer", ".venv/bin/segtransfer"), program
        home = tmp_path / "home" if words[0] == "pretrain" else shared_home
        app(["--home", str(home), *words], standalone_mode=False)
        assert capsys.readouterr().out.strip(), words


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "yaml")], ids=stem)
def test_its_examples_are_cards(page: Path, tmp_path: Path) -> None:
    names = write_cards(page, tmp_path)
    known = {card.id for _, card in Registry.load((*content_roots(), tmp_path)).cards()}
    assert set(names) <= known and names


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=stem)
def test_its_python_runs(
    page: Path,
    shared_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The rows of a table that it prints are those of the page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGTRANSFER_HOME", str(shared_home))
    code = compile("\n".join(blocks(page, "python")), str(page), "exec")
    names = {"__name__": page.stem}
    exec(code, names)
    assert len(names) > 1
    rows = {line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")}
    assert rows <= {*page.read_text(encoding="utf-8").splitlines()}


def test_the_table_of_the_readme_is_that_of_the_board() -> None:
    shipped = (ROOT / "leaderboards/real_v2/README.md").read_text(encoding="utf-8")
    readme = PAGES[0].read_text(encoding="utf-8")
    table = re.findall(r"^\| (?:rank|\d).*$", readme, re.MULTILINE)
    assert len(table) >= 4 and set(table) <= set(shipped.splitlines())


def test_enough_is_found_to_be_worth_it() -> None:
    assert sum(len(commands(page)) for page in PAGES) >= 20
    assert sum(len(blocks(page, "yaml")) for page in PAGES) >= 3


def test_the_site_builds_without_a_dead_link(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, env={"NO_MKDOCS_2_WARNING": "1", "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    assert (tmp_path / "methodology" / "index.html").is_file()
