"""The job files of docs/cluster.md are run by bash; the jobs of an array ask for every shard."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.command import segtransfer

PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"
SCRIPTS = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
NUMBERS = {"SLURM": "SLURM_ARRAY_TASK_ID", "LSB": "LSB_JOBINDEX"}
STUBS = {
    ".venv/bin/segtransfer": 'printf "%s\\n" "$*" >> "$CALLS"',
    "bin/ssh": 'bash -c "${@: -1}"',  # here instead of on the host
    "bin/apptainer": '.venv/bin/segtransfer "${@:6}"',  # after run --nv --bind FOLDERS IMAGE
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout in which `segtransfer` only notes how it was called."""
    for name, line in STUBS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/bash\n{line}\n")
        path.chmod(0o755)
    return tmp_path


def calls(script: str, folder: Path) -> list[str]:
    """What the jobs of a script call, in the order of their numbers."""
    numbers = next((name for key, name in NUMBERS.items() if f"${key}_" in script), None)
    array = re.search(r"\[?1-(\d+)", script)
    for number in range(1, int(array[1]) + 1 if array else 2):
        environment = {
            "PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder),
            "CALLS": str(folder / "calls"), **({numbers: str(number)} if numbers else {}),
        }  # fmt: skip
        for words in (["bash", "-n"], ["bash", "-u", "-e"]):
            subprocess.run(
                [*words, "-s"], input=script, text=True, cwd=folder, env=environment, check=True
            )
    return (folder / "calls").read_text().splitlines()


@pytest.mark.parametrize("script", SCRIPTS, ids=("slurm", "lsf", "ssh", "apptainer"))
def test_the_jobs_run_every_shard(script: str, folder: Path) -> None:
    lines = calls(script, folder)
    shards = [line.rpartition(" ")[2] for line in lines]
    assert len(lines) > 1
    assert shards == [f"{number}/{len(lines)}" for number in range(1, len(lines) + 1)]
    planned = list[str]()
    for line in lines:
        output = segtransfer(*line.split(), "--dry-run", home=folder / "home").stdout
        planned += [text for text in output.splitlines() if text.startswith("  ")]
    whole = segtransfer("run", "quickstart_v2", "--dry-run", home=folder / "home").stdout
    assert sorted(planned) == sorted(x for x in whole.splitlines() if x.startswith("  "))


def test_the_job_of_kuberay_is_a_command(tmp_path: Path) -> None:
    job = YAML(typ="safe").load((PAGE.parents[1] / "containers" / "rayjob.yaml").read_text("utf-8"))
    _, *words = job["spec"]["entrypoint"].split()
    assert f"segtransfer {' '.join(words)}" in re.sub(r"[\\\s]+", " ", PAGE.read_text("utf-8"))
    assert "quickstart_v2" in segtransfer(*words, "--dry-run", home=tmp_path).stdout
