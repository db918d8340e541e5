"""The check of a pull request: it reads data, has no secrets, and lets in nothing but packs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.packs import Machine, make_pack

WORKFLOW = Path(__file__).parents[2] / ".github/workflows/submission.yml"


def workflow() -> dict[str, Any]:
    return dict(YAML(typ="safe", pure=True).load(WORKFLOW.read_text(encoding="utf-8")))


def script(name: str) -> str:
    steps = workflow()["jobs"]["verify"]["steps"]
    return str(next(step["run"] for step in steps if step.get("name") == name))


def test_it_can_do_no_harm() -> None:
    found = workflow()
    assert list(found["on"]) == ["pull_request"] and found["permissions"] == {"contents": "read"}
    assert "permissions" not in found["jobs"]["verify"] and "secrets." not in WORKFLOW.read_text()
    steps = found["jobs"]["verify"]["steps"]
    assert all(step["uses"].startswith("actions/") for step in steps if "uses" in step)
    outs = [step["with"] for step in steps if step.get("uses", "").startswith("actions/checkout")]
    assert [out["persist-credentials"] for out in outs] == [False, False]
    assert "base.sha" in outs[0]["ref"]
    assert not any("${{" in step.get("run", "") for step in steps)  # nothing is pasted into a shell


def bash(text: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    here = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **more}
    return subprocess.run(
        ["bash", "-e", "-c", text], cwd=cwd, capture_output=True, text=True, env=here
    )


def pull_request(folder: Path, change: str) -> Path:
    """A work place whose `theirs` has the base as first parent of its merge."""
    start = (
        "git init -q theirs; cd theirs; git config user.name x; git config user.email x@x.org;"
        " mkdir submissions; echo 1 > code.py; git add .; git commit -qm base;"
        f" {change}; git add -A; git commit -qm change"
    )
    done = bash(start, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ("echo 1 > submissions/a.zip", True),
        ("echo 1 > submissions/a.zip; echo 2 > submissions/b-1.zip", True),
        ("echo 1 > submissions/a.zip; echo 2 > code.py", False),
        ("echo 1 > submissions/a.zip; rm code.py", False),
        ("mkdir submissions/b; echo 1 > submissions/b/a.zip", False),
        ("echo 1 > submissions/a.py", False),
        ("git mv code.py submissions/a.zip", False),
        ("echo 1 > 'submissions/a;b.zip'", False),
        ("echo 1 > 'submissions/-a.zip'", False),
    ],
)
def test_only_new_packs_are_let_in(tmp_path: Path, change: str, good: bool) -> None:
    done = bash(script("Nothing but packs may change"), pull_request(tmp_path, change))
    assert (done.returncode == 0) == good, done.stderr
    if good:
        names = (tmp_path / "packs").read_text().splitlines()
        assert names and all(name.startswith("submissions/") for name in names)


def test_every_pack_is_verified_and_one_bad_one_fails(
    machine: Machine, shared_home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "theirs/submissions"
    make_pack(machine, folder / "bad.zip")
    (folder / "worse.zip").write_bytes(b"x")
    (tmp_path / "packs").write_text("submissions/bad.zip\nsubmissions/worse.zip\n")
    done = bash(script("Verify"), tmp_path, GITHUB_STEP_SUMMARY="summary.md",
                SEGTRANSFER_HOME=str(shared_home))  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert (tmp_path / "summary.md").read_text().count("REFUSED") == 2
    assert sorted(one.name for one in (tmp_path / "reports").iterdir()) == [
        "bad.html", "bad.md", "worse.html", "worse.md",
    ]  # fmt: skip
