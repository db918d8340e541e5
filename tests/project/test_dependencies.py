"""Every dependency has a lowest release in pyproject.toml and a release in constraints.txt."""

import re
import tomllib
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
