"""Every dependency has a lowest release in pyproject.toml and a release in constraints.txt."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENTS = [
    Requirement(line)
    for line in (
        *PROJECT["dependencies"],
        *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
    )
    if not line.startswith("segtransfer[")
]


def test_each_is_constrained_to_a_release_that_is_allowed() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(
        line.split(";")[0].strip().split("==") for line in lines if re.match(r"[\w.-]+==", line)
    )
    releases = {canonicalize_name(name): release.strip() for name, release in pins.items()}
    for requirement in REQUIREMENTS:
        assert any(part.operator == ">=" for part in requirement.specifier), requirement
        release = releases[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(release), f"{requirement}: {release}"


def test_the_suite_runs_with_the_markers_that_make_leaves_out() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    markers = {line.split(":")[0] for line in settings["tool"]["pytest"]["ini_options"]["markers"]}
    assert markers == {"slow", "browser", "real"}
    assert all(f"not {marker}" in makefile for marker in markers)


PINNED_BY_ANOTHER = {"pydantic-core"}  # pydantic names its very release
USED_UNSEEN = {  # declared, though no import statement names them
    "einops": "imported by MONAI's transformers",
    "itables": "its DataTables bundle is copied into pages",
    "monai": "imported by name, see benchmark/models/vision_libraries.py",
    "pyarrow": "pandas writes Parquet with it",
    "torchvision": "imported by name, see benchmark/models/vision_libraries.py",
}


def imported_packages() -> set[str]:
    """Top-level packages that `benchmark` imports from elsewhere, also inside functions."""
    names: set[str] = set()
    for path in (ROOT / "benchmark").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"benchmark"}


def test_what_is_imported_is_a_dependency_and_the_other_way_round() -> None:
    """`make demo` installs no development tool; nothing is installed that is not used."""
    extras = PROJECT["optional-dependencies"]
    declared = {
        canonicalize_name(Requirement(line).name)
        for line in (*PROJECT["dependencies"], *extras["lora"], *extras["parquet"], *extras["ray"])
    }
    distributions = packages_distributions()
    imported = {
        canonicalize_name(distribution)
        for package in imported_packages()
        for distribution in distributions[package][:1]
    }
    assert imported - declared - PINNED_BY_ANOTHER == set()
    assert declared - imported == set(USED_UNSEEN)
