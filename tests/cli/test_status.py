"""`segtransfer status`: as text, as JSON, and without torch."""

import json
import subprocess
import sys
from pathlib import Path

from support.command import segtransfer
from support.factories import board_folder, make_record

from benchmark.owners import HOST
from benchmark.records.run_errors import note_error
from benchmark.records.store import Store
from benchmark.running.claims import claimed

CELL = "records/phantom_brain_anatomy_64/scratch/full/nall/seed0.json"


def test_text_and_json_say_the_same(tmp_path: Path) -> None:
    folder = board_folder(tmp_path)
    Store(folder).write(make_record())
    note_error(folder, CELL, "out of memory", "2026-01-01T00:00:00+00:00")
    with claimed(folder, CELL):
        text = segtransfer("status", str(folder), home=tmp_path).stdout
        plain = json.loads(segtransfer("status", str(folder), "--json", home=tmp_path).stdout)
    first = f"tiny_v2: 1 of 12 cells done, 1 running, 11 missing, in {folder}"
    assert " ".join(text.splitlines()).startswith(first)
    assert f"  {CELL}: on {HOST}, process " in text and f"  {CELL}: on {HOST}: out of" in text
    assert "remaining time: about 11 s one after the other (by 1 record)" in text
    assert (len(plain["done"]), len(plain["missing"])) == (1, 11)
    assert plain["running"][0]["name"] == plain["errors"][0]["name"] == CELL
    assert plain["remaining_seconds"] == 11.0


def test_it_never_imports_torch(shared_home: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from benchmark.cli.main import app\n"
        f"app(['--home', {str(shared_home)!r}, 'status', 'demo_v3'], standalone_mode=False)\n"
        "print(sorted({'torch', 'scipy.stats', 'pandas', 'seaborn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
