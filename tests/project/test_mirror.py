"""`tests/` mirrors `benchmark/`: a test file stands where the module that it tests stands."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "benchmark"
FOLDERS = {  # folders that test no single package
    "golden": "files of earlier releases",
    "campaign": "faults, broken files and attacks: long by hand, a short form among the slow tests",
    "docs": "the commands and cards of README and docs",
    "project": "files at the top of the checkout: workflows, packaging, the tests themselves",
    "simulation": "studies that take hours, run by hand; their results are kept",
    "speed": "measurements, run by hand",
    "support": "what tests share",
}
SEVERAL_MODULES = {  # files that test what several modules do together
    "test_public_api.py": "what `benchmark/__init__.py` exports",
    "views/test_trust.py": "the level of trust in every output format",
}
FILES = [
    path.relative_to(TESTS)
    for path in sorted(TESTS.rglob("test_*.py"))
    if path.relative_to(TESTS).parts[0] not in FOLDERS
    and path.relative_to(TESTS).as_posix() not in SEVERAL_MODULES
]


def modules_of(test: Path) -> list[Path]:
    """The modules or packages that `test_a_b.py` may stand for: `a_b`, and `a` (with aspect b)."""
    words = test.stem.removeprefix("test_").split("_")
    return [test.parent / "_".join(words[:end]) for end in range(len(words), 0, -1)]


@pytest.mark.parametrize("test", FILES, ids=str)
def test_every_file_stands_where_its_module_stands(test: Path) -> None:
    paths = [PACKAGE / module for module in modules_of(test)]
    assert any(path.with_suffix(".py").is_file() or path.is_dir() for path in paths), (
        f"tests/{test}: no module of that name below benchmark/{test.parent}"
    )


def test_every_folder_is_a_package_or_listed() -> None:
    folders = {path.name for path in TESTS.iterdir() if path.is_dir() and path.name[0] not in "._"}
    packages = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    assert folders <= packages | set(FOLDERS)
    assert set(FOLDERS) <= folders and not set(FOLDERS) & packages


def test_the_list_of_exceptions_is_up_to_date() -> None:
    assert all((TESTS / name).is_file() for name in SEVERAL_MODULES)
