"""Workflows, forms and hooks are valid; actions are pinned; what they name exists."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md",
                                  "CODE_OF_CONDUCT.md")]  # fmt: skip
PIN = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*$")


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_few_rights_limits_and_pinned_actions(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["runs-on"] and job["timeout-minutes"] <= 60
        needs = job.get("needs", [])
        assert ({needs} if isinstance(needs, str) else set(needs)) <= set(workflow["jobs"])
        assert all("run" in step or "uses" in step for step in job["steps"])
        for step in job["steps"]:
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
    uses = [line.strip(" -") for line in path.read_text().splitlines() if "uses:" in line]
    assert uses and [line for line in uses if not PIN.match(line)] == []


def test_ci_has_every_job() -> None:
    workflow = read(ROOT / ".github/workflows/ci.yml")
    assert set(workflow["jobs"]) >= {"lint", "tests", "complete", "lowest", "site", "deploy"}
    assert workflow["jobs"]["tests"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


def test_what_is_deployed_is_the_site_that_make_writes() -> None:
    steps = read(ROOT / ".github/workflows/ci.yml")["jobs"]["site"]["steps"]
    (upload,) = (step for step in steps if "upload-pages-artifact" in step.get("uses", ""))
    folder = upload["with"]["path"]
    assert steps.index({"run": "make site"}) < steps.index(upload)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile[makefile.index("\nsite:") :].split("\n\n")[0]
    assert f"--site-dir {folder}/docs" in recipe and f"segtransfer site {folder} " in recipe


@pytest.mark.parametrize("path", [*WORKFLOWS, *PAGES], ids=lambda path: path.name)
def test_make_targets_that_are_named_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|run: |`)make ([a-z][a-z-]*)", text, re.MULTILINE))
    assert named <= make_targets(), named
    assert named or path.name not in ("ci.yml", "README.md", "CONTRIBUTING.md")


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_has_fields_with_ids(path: Path) -> None:
    form = read(path)
    if path.stem == "config":
        assert isinstance(form["blank_issues_enabled"], bool)
        return
    assert form["name"] and form["description"] and form["labels"]
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids)) > 1
    for field in form["body"]:
        assert field["type"] in ("textarea", "input", "dropdown") and field["attributes"]["label"]
        assert field["type"] != "dropdown" or len(field["attributes"]["options"]) > 1


def test_hooks_and_updates_are_named_with_a_version() -> None:
    hooks = read(ROOT / ".pre-commit-config.yaml")
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", repository["rev"]) for repository in hooks["repos"])
    ruff = next(hook for hook in hooks["repos"] if hook["repo"].endswith("ruff-pre-commit"))
    assert f"ruff=={ruff['rev'][1:]}\n" in (ROOT / "constraints.txt").read_text(encoding="utf-8")
    ids = {hook["id"] for repository in hooks["repos"] for hook in repository["hooks"]}
    assert ids >= {"ruff-check", "ruff-format", "check-yaml", "check-added-large-files", "typos"}
    updates = read(ROOT / ".github/dependabot.yml")
    assert {update["package-ecosystem"] for update in updates["updates"]} == {
        "github-actions", "pip"
    }  # fmt: skip


def test_the_citation_is_that_of_the_package() -> None:
    citation = read(ROOT / "CITATION.cff")
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert f'version = "{citation["version"]}"' in settings
    assert f'license = "{citation["license"]}"' in settings
    assert citation["title"] and citation["message"] and citation["authors"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
