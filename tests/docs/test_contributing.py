"""The steps of docs/contributing are carried out on a copy of the package, and work.

A block with a title is a file: Python and YAML are written, a diff changes a file that is there.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "contributing").glob("*.md"))
BLOCK = re.compile(r'^```(\w+) title="([^"]+)"\n(.*?)^```', re.DOTALL | re.MULTILINE)
CONTENT = ("datasets", "tasks", "leaderboards")
LONG = ("encoder", "layout", "result-column")


def titled_blocks(page: Path) -> list[tuple[str, str, str]]:
    """Kind, path and text of each block that is a file."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def page_name(page: Path) -> str:
    return page.stem


def apply_diff(text: str, diff: str) -> str:
    """Replace the lines without `+` by those without `-`; they must occur once."""
    lines = diff.splitlines()
    before = "\n".join(line[1:] for line in lines if line[:1] != "+")
    after = "\n".join(line[1:] for line in lines if line[:1] != "-")
    assert text.count(before) == 1, before
    return text.replace(before, after)


def carry_out(page: Path, checkout: Path) -> list[str]:
    """Make the changes of a page in a checkout; the paths of the tests among them."""
    tests = []
    for kind, name, text in titled_blocks(page):
        path = checkout / name
        if kind == "diff":
            path.write_text(apply_diff(path.read_text(encoding="utf-8"), text), encoding="utf-8")
        else:
            assert not path.exists(), path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if name.startswith("tests/"):
            tests.append(name)
    return tests


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.slow if page.stem in LONG else (), id=page.stem)
        for page in PAGES
    ],
)
def test_the_steps_work(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "benchmark", tmp_path / "benchmark")
    for folder in (*CONTENT, "tests/support"):
        ignore = shutil.ignore_patterns("records", "__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    for file in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / file, tmp_path / file)
    tests = carry_out(page, tmp_path)
    kind = "boards" if page.stem == "board" else "datasets"
    words = ["-m", "pytest", "-q", *tests] if tests else ["-m", "benchmark", "list", kind]
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "SEGTRANSFER_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    shown = re.findall(r"example_\w+", done.stdout)
    assert "passed" in done.stdout if tests else shown


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_it_lists_the_files_that_it_touches(page: Path) -> None:
    section = page.read_text(encoding="utf-8").partition("## Files touched")[2]
    listed = re.findall(r"^- `([^`]+)`$", section, re.MULTILINE)
    written = [name for _, name, _ in titled_blocks(page)]
    documentation = [name for name in listed if name.startswith("docs/")]
    assert written and listed == [*dict.fromkeys(written), *documentation]
    assert all((ROOT / name).is_file() for name in documentation)
