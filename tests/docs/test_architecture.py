"""What docs/architecture.md names is there: packages, modules, registries."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "benchmark"
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
QUOTED = re.compile(r"`([^`\n]+)`")
MODULE = re.compile(r"(?:\w+/)*\w+\.py|(?:\w+/)+")
LAYERS = TEXT.partition("## Layers")[2].partition("\n## ")[0]


def module_paths(text: str) -> list[str]:
    """Modules (`package/module.py`) and packages (`package/`) below `benchmark/`.

    A module without a package, after another one in the same line, is of the same package.
    """
    paths = []
    for line in text.splitlines():
        package = ""
        for quoted in QUOTED.findall(line):
            if not MODULE.fullmatch(quoted):
                continue
            short = "/" not in quoted and (PACKAGE / package / quoted).is_file()
            paths.append(package + quoted if short else quoted)
            package = paths[-1].rpartition("/")[0] + "/" if "/" in paths[-1] else ""
    return paths


CONTENT = {"datasets/", "tasks/", "leaderboards/", "benchmark/_content/"}
PATHS = [path for path in module_paths(TEXT) if path not in CONTENT]
REGISTRIES = re.findall(r"`([\w/]+)\.py`[^|`]*`([A-Z][A-Z_]+)`", TEXT)


@pytest.mark.parametrize("path", sorted(set(PATHS)))
def test_a_path_that_it_names_exists(path: str) -> None:
    assert (PACKAGE / path).exists()


@pytest.mark.parametrize(("module", "name"), REGISTRIES)
def test_a_registry_that_it_names_is_in_that_module(module: str, name: str) -> None:
    assert hasattr(import_module(f"benchmark.{module.replace('/', '.')}"), name)


def test_paths_and_registries_are_read_from_it() -> None:
    assert len(PATHS) >= 25
    assert {name for _, name in REGISTRIES} >= {"METRICS", "ENCODERS"}


def test_the_layers_hold_every_package() -> None:
    named = {name for row in LAYERS.splitlines() for name in QUOTED.findall(row)}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages <= named
