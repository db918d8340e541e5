"""Checkpoints of any format, read safely; an old pickle in an isolated process."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from safetensors.torch import load_file

from benchmark.errors import WeightsError
from benchmark.models.checkpoints.state_dict import Checkpoint, find_state_dict
from benchmark.models.weight_values import require_weights
from benchmark.models.weights import MoreThanTensors, read_file

TIMEOUT_SECONDS = 600
PROGRAM = (
    "import sys, pathlib; sys.path.insert(0, sys.argv[1]); "
    "from benchmark.models.checkpoints.old_pickles import main; "
    "main(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4])"
)


def open_checkpoint(path: Path, part: str = "") -> Checkpoint:
    """Read a checkpoint of any format without running code of it.

    Args:
        path: safetensors, a PyTorch file, or a pickle of arrays.
        part: Key of the group of tensors; empty for the largest.

    Raises:
        WeightsError: It is missing, damaged or hostile, or holds no tensors or others than weights.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such checkpoint")
    try:
        data = read_file(path)
    except MoreThanTensors:
        return read_isolated(path, part)
    try:
        state = find_state_dict(data, part)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    require_weights(path, state.tensors)
    safe = path.suffix == ".safetensors"
    kind = "safetensors" if safe else "PyTorch file, tensors only"
    return Checkpoint(state.tensors, (kind, *state.notes), as_stored=safe and not state.notes)


def read_isolated(path: Path, part: str = "") -> Checkpoint:
    """Read an old pickle in a process without network, processes and files to write.

    Raises:
        WeightsError: It names what no checkpoint needs, is damaged, takes too much time or memory,
            or holds others than weights.
    """
    package = str(Path(__file__).resolve().parents[3])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tensors.safetensors"
        arguments = (package, str(path.resolve()), str(out), part)
        try:
            process = subprocess.run(
                [sys.executable, "-I", "-c", PROGRAM, *arguments], capture_output=True, text=True,
                timeout=TIMEOUT_SECONDS, cwd=folder, env={"OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
            report = json.loads(process.stdout)
        except subprocess.TimeoutExpired:
            raise WeightsError(f"{path}: refused, reading takes too long") from None
        except ValueError:
            raise WeightsError(
                f"{path}: refused, reading ended with status {process.returncode} (memory or time "
                "ran out); save its state_dict() as safetensors"
            ) from None
        if "error" in report:
            raise WeightsError(f"{path}: refused, {report['error']}")
        tensors = load_file(out)
    require_weights(path, tensors)
    left_out = ", ".join(f"{name} ({count})" for name, count in report["left_out"].items())
    notes = (
        "pickle with more than tensors, read in an isolated process",
        *(f"  {measure}" for measure in report["isolation"]),
        "  kept: tensors, arrays and containers; no code of the file was run"
        + (f"; left out: {left_out}" if left_out else ""),
        *report["notes"],
    )
    return Checkpoint({name: tensors[name] for name in report["names"]}, notes)
