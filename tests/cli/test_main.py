"""The command line as a user meets it: fast help, one-line errors, the demo board end to end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import refusal, segtransfer
from support.stopping import stop_in_the_second_cell

from benchmark.cli import main
from benchmark.records.store import Store
from benchmark.running import cell
from benchmark.workspace import Workspace

ROOT = Path(__file__).parents[2]
SMALL = ["run", "tiny_v2", "--targets", "phantom_fetal_head_64", "--sources", "scratch"]
TIMINGS = ("fine_tuning_seconds", "total_seconds", "peak_memory_mib")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, where runs/ comes to be."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


LIGHT = """
import sys
from benchmark.cli import main

for line in sys.stdin:
    sys.argv[1:] = line.split()
    try:
        main()
    except SystemExit as end:
        assert not end.code, line
    heavy = {"torch", "monai", "pandas", "seaborn", "matplotlib", "nibabel", "scipy"}
    assert not heavy & {*sys.modules}, (line, heavy & {*sys.modules})
"""


def test_light_commands_import_no_torch() -> None:
    lines = (
        "--help\nlist\nlist sources\nshow scratch\nshow quickstart_v2\nrun --help\n"
        "compare --help\n--version\n"
    )
    words = [sys.executable, "-c", LIGHT]
    done = subprocess.run(words, input=lines, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "scrach"], "Did you mean 'scratch'"),
        (["run", "quickstart_v1"], "Did you mean 'quickstart_v2'"),
        (["run", "tiny_v2", "--targets", "fetal"], "unknown target task 'fetal'"),
        (["run", "tiny_v2", "--seeds", "one"], "--seeds 'one': expected whole numbers"),
        (["data", "import", "phantom_lung_ribs", "--from", "."], "is synthetic"),
        (["source", "import", "scratch", "--from", "x"], "has no weights file"),
        (["--content", "nowhere", "list"], "--content nowhere"),
        (["leaderboard", "nothing"], "unknown board 'nothing'. `segtransfer list` shows all."),
        (["status", "."], ".: has no board.yaml; type the folder of a run, or a board of"),
        (["show", "resnet18"], "Did you mean 'imagenet_resnet18_torchvision'"),
        (["run", "quickstart_v2", "--seeds", "5"], "'5'; known: 0, 1. For another grid, add a"),
        (["run", "quickstart_v2", "--device", "gpu", "--dry-run"], "unknown device 'gpu'; type"),
        (["sequence", "quickstart_v2"], "those that have: phantom_sequence_v2, yoon2024_ct_seq"),
        (["submit", "pack", "none", "--source", "x"], "none/board.yaml: no such file"),
        (["--content", "nowhere", "source", "check", "x"], "--content nowhere: expected a folder"),
        (
            [
                "compare",
                "scratch",
                "phantom_brain_segmentation",
                "--board",
                "quickstart_v2",
                "--target",
                "fetal",
            ],
            "phantom_brain_segmentation/full/nall: unknown target 'fetal'. Did you mean",
        ),
        (
            ["--content", str(ROOT / "examples/private_cards"), "run", "real_v1"],
            "segtransfer data import hc18_fetal_head",
        ),
    ],
)
def test_errors_are_one_line(
    words: list[str],
    message: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = refusal("--home", str(folder), *words, monkeypatch=monkeypatch, capsys=capsys)
    assert message in line and len(line.strip().splitlines()) == 1
    assert line.startswith("error: ")


def test_an_error_ends_the_process_with_status_1(shared_home: Path) -> None:
    words = [sys.executable, "-m", "benchmark", "--home", str(shared_home), "show", "scrach"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("error: ") and "Did you mean 'scratch'" in done.stderr


def test_a_trial_runs_resumes_and_repeats_itself(shared_home: Path) -> None:
    words = [*SMALL, "--limit-steps", "3", "--no-pictures"]
    first = segtransfer(*words, home=shared_home)
    paths = sorted(Path("runs/tiny_v2_trial3/records").rglob("*.json"))
    assert len(paths) == 2
    before = [path.read_bytes() for path in paths]
    assert "synthetic" in first.stdout.lower() and "trial" in first.stdout.lower()

    again = segtransfer(*words, home=shared_home)
    assert "already done: 2 cells" in again.stdout
    assert [path.read_bytes() for path in paths] == before

    paths[0].unlink()
    segtransfer(*words, home=shared_home)
    kept, redone = json.loads(before[0]), json.loads(paths[0].read_bytes())
    for record in (kept, redone):
        record.pop("started")
        for name in TIMINGS:
            record["cost"].pop(name)
    assert kept == redone
    assert paths[1].read_bytes() == before[1]
    seeds = [[c["scores"] for c in json.loads(path.read_text())["cases"]] for path in paths]
    assert seeds[0] != seeds[1]


KILLED = """
import os, signal
from benchmark.cli import main
from benchmark.running import cell
from support.stopping import stop_in_the_second_cell

cell.cost = stop_in_the_second_cell(lambda: os.kill(os.getpid(), signal.SIGKILL))
main()
"""


def check_resumed(words: list[str], home: Path) -> None:
    """A run that was stopped in its second cell keeps the first and makes the second."""
    records = Path("runs/tiny_v2_trial3/records")
    kept = {path: path.read_bytes() for path in records.rglob("*.json")}
    assert len(kept) == 1
    segtransfer(*words, home=home)
    assert all(path.read_bytes() == data for path, data in kept.items())
    assert len(list(records.rglob("*.json"))) == 2


@pytest.mark.slow
def test_a_killed_run_keeps_its_finished_cells(shared_home: Path) -> None:
    words = [*SMALL, "--limit-steps", "3", "--no-pictures"]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "--home", str(shared_home), *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    check_resumed(words, shared_home)


def test_ctrl_c_keeps_finished_cells(
    shared_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*SMALL, "--limit-steps", "3", "--no-pictures"]
    stop = stop_in_the_second_cell(lambda: signal.raise_signal(signal.SIGINT))
    # A test run that was started in the background ignores Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as changed, pytest.raises(SystemExit) as ended:
            changed.setattr(sys, "argv", ["segtransfer", "--home", str(shared_home), *words])
            changed.setattr(cell, "cost", stop)
            main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.value.code == 130
    resumed = "stopped: 1 of 2 cells are done; type the same command to resume\n"
    assert capsys.readouterr().err == f"1 of 2 cells\n{resumed}"
    check_resumed(words, shared_home)


@pytest.mark.slow
def test_two_workers_share_the_cores(shared_home: Path) -> None:
    segtransfer(*SMALL, "--limit-steps", "3", "--jobs", "2", home=shared_home)
    folder = Path("runs/tiny_v2_trial3")
    records = [record for _, record in Store(folder).records()]
    assert [record.cell.seed for record in records] == [0, 1]
    threads = max(1, len(os.sched_getaffinity(0)) // 2)
    assert {record.environment.threads for record in records} == {threads}
    pictures = folder / "pictures/phantom_fetal_head_64/scratch/full/nall"
    assert sorted(path.name for path in pictures.iterdir()) == ["seed0.png", "seed1.png"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (MemoryError(), "error: out of memory; use fewer --jobs"),
        (
            PermissionError(13, "Permission denied", "/x/y"),
            "error: /x/y: Permission denied; make room",
        ),
        (
            EOFError(),
            "error: ValueError: a file ends too early (`segtransfer --debug` shows where)",
        ),
        (IndexError("a\x1b[31m\nb"), "error: IndexError: a\\x1b[31m (`segtransfer --debug`"),
        (RecursionError(), "error: RecursionError:"),
    ],
)
def test_no_exception_is_a_traceback(
    fault: Exception, message: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def fails(*_: object) -> None:
        raise fault

    monkeypatch.setattr(Workspace, "load", fails)
    text = refusal("list", monkeypatch=monkeypatch, capsys=capsys)
    assert text.startswith(message) and text.count("\n") == 1
    for words in (["--debug", "list"], ["list", "--debug"]):
        monkeypatch.setattr(sys, "argv", ["segtransfer", *words])
        with pytest.raises((type(fault), ValueError)):
            main()


def test_a_terminal_without_utf_8_shows_other_signs(folder: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    words = [sys.executable, "-m", "benchmark", "show", "wang2023_fetal_head"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert done.returncode == 0 and done.stdout.isascii() and not done.stderr


def test_a_machine_without_home_and_names_of_any_kind(folder: Path) -> None:
    place = folder / "Bär, [x] 'é' \u56f3"
    card = place / "cards/datasets/my_heads/dataset.yaml"
    card.parent.mkdir(parents=True)
    text = (ROOT / "datasets/hc18/dataset.yaml").read_text()
    card.write_text(text.replace("id: hc18", "id: my_heads", 1))
    environment = {k: v for k, v in os.environ.items() if k not in ("HOME", "SEGTRANSFER_HOME")}
    environment |= {"XDG_CACHE_HOME": str(place / "cache"), "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "benchmark", "--content", "cards", "show", "my_heads"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=place)
    assert done.returncode == 0 and "my_heads" in done.stdout and not done.stderr
