"""The command line as a user meets it: fast help, one-line errors, the demo board end to end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.records.store import Store

ROOT = Path(__file__).parents[2]


def call(*words: str, home: Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmark", "--home", str(home), *words],
        capture_output=True,
        text=True,
        cwd=cwd or home,
        env={**os.environ, "COLUMNS": "120"},
    )


@pytest.mark.parametrize(
    "words", [["--help"], ["list"], ["run", "--help"], ["compare", "--help"], ["--version"]]
)
def test_light_commands_import_no_torch(words: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['segtransfer', *sys.argv[1:]]\n"
        "from benchmark.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'torch', 'monai', 'pandas', 'seaborn', 'matplotlib', 'nibabel', 'scipy'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "scrach"], "Did you mean 'scratch'"),
        (["run", "demo_v2"], "Did you mean 'demo_v1'"),
        (["run", "demo_v1", "--targets", "fetal"], "unknown target task 'fetal'"),
        (["run", "demo_v1", "--seeds", "one"], "--seeds 'one': expected whole numbers"),
        (["data", "import", "phantom_lung_ribs", "--from", "."], "is synthetic"),
        (["source", "import", "scratch", "--from", "x"], "has no weights file"),
        (["--content", "nowhere", "list"], "--content nowhere"),
        (["leaderboard", "nothing"], "unknown board 'nothing'"),
    ],
)
def test_errors_are_one_line(words: list[str], message: str, tmp_path: Path) -> None:
    done = call(*words, home=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("error: ")


def test_private_data_are_asked_for(tmp_path: Path) -> None:
    words = ["--content", str(ROOT / "examples/private_cards"), "run", "real_v1"]
    done = call(*words, home=tmp_path)
    assert done.returncode == 1 and "segtransfer data import hc18_fetal_head" in done.stderr


SMALL = ["run", "demo_v1", "--targets", "phantom_fetal_head_64", "--limit-steps", "3"]


def test_a_trial_runs_resumes_and_repeats_itself(tmp_path: Path) -> None:
    words = [*SMALL, "--sources", "scratch"]
    first = call(*words, home=tmp_path)
    assert first.returncode == 0, first.stderr
    folder = tmp_path / "runs" / "demo_v1_trial3"
    paths = sorted((folder / "records").rglob("*.json"))
    assert len(paths) == 2
    before = [path.read_bytes() for path in paths]
    assert "synthetic" in first.stdout.lower() and "trial" in first.stdout.lower()

    again = call(*words, home=tmp_path)
    assert "all 2 cells were already done" in again.stdout
    assert [path.read_bytes() for path in paths] == before

    paths[0].unlink()
    third = call(*words, home=tmp_path)
    assert third.returncode == 0, third.stderr
    kept, redone = json.loads(before[0]), json.loads(paths[0].read_bytes())
    for record in (kept, redone):
        record.pop("started")
        for name in ("fine_tuning_seconds", "total_seconds", "peak_memory_mib"):
            record["cost"].pop(name)
    assert kept == redone
    assert paths[1].read_bytes() == before[1]
    seeds = [[c["scores"] for c in json.loads(path.read_text())["cases"]] for path in paths]
    assert seeds[0] != seeds[1]


def hear_ctrl_c() -> None:
    """A test run that was started in the background ignores Ctrl-C, and its children would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_keeps_its_finished_cells(signal_: signal.Signals, tmp_path: Path) -> None:
    # the second cell has to be long enough to be stopped
    what = [*SMALL, "--sources", "scratch", "--limit-steps", "55"]
    words = [sys.executable, "-m", "benchmark", "--home", str(tmp_path), *what]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
                               stdout=subprocess.DEVNULL, preexec_fn=hear_ctrl_c)  # fmt: skip
    folder = tmp_path / "runs" / "demo_v1_trial55" / "records"
    deadline = time.monotonic() + 120
    while not list(folder.rglob("seed0.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal_)
    _, said = process.communicate()
    if signal_ == signal.SIGINT:
        assert process.returncode == 130
        assert said == "stopped: 1 of 2 cells are done; type the same command\n"
    kept = {path: path.read_bytes() for path in folder.rglob("*.json")}
    assert kept
    done = call(*what, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(path.read_bytes() == data for path, data in kept.items())
    assert len(list(folder.rglob("*.json"))) == 2


def test_two_cells_at_a_time_share_the_cores(tmp_path: Path) -> None:
    done = call(*SMALL, "--sources", "scratch", "--jobs", "2", home=tmp_path)
    assert done.returncode == 0, done.stderr
    records = [record for _, record in Store(tmp_path / "runs" / "demo_v1_trial3").records()]
    assert [record.cell.seed for record in records] == [0, 1]
    threads = max(1, len(os.sched_getaffinity(0)) // 2)
    assert {record.environment.threads for record in records} == {threads}
    pictures = tmp_path / "runs/demo_v1_trial3/pictures/phantom_fetal_head_64/scratch/full/nall"
    assert sorted(path.name for path in pictures.iterdir()) == ["seed0.png", "seed1.png"]
