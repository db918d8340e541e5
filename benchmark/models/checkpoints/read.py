"""Checkpoints as people have them: read safely, an old pickle in a process of its own."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmark.errors import WeightsError
from benchmark.models.checkpoints.state_dict import find_state_dict
from benchmark.models.weights import MoreThanTensors, read_file, read_tensors

PATIENCE_SECONDS = 600
PROGRAM = (
    "import sys, pathlib; sys.path.insert(0, sys.argv[1]); "
    "from benchmark.models.checkpoints.old_pickles import main; "
    "main(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4])"
)


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of one network, what was done to get at them, and whether as they lay there.

    `plain` says that `read_tensors` reads the very file; otherwise the tensors have to be kept as
    safetensors.
    """

    tensors: dict[str, torch.Tensor]
    notes: tuple[str, ...]
    plain: bool


def open_checkpoint(path: Path, part: str = "") -> Checkpoint:
    """Read a checkpoint of any format, without running code of it.

    Args:
        path: safetensors, a PyTorch file, or a pickle of arrays.
        part: Key of the group of tensors; empty for the largest.

    Raises:
        WeightsError: It is missing, damaged, hostile, holds no tensors, or values that are not
            finite.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such checkpoint")
    try:
        data = read_file(path)
    except MoreThanTensors:
        return convert(path, part)
    try:
        found = find_state_dict(data, part)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    _refuse_infinite(path, found.tensors)
    kind = "safetensors" if path.suffix == ".safetensors" else "PyTorch file, tensors only"
    plain = path.suffix == ".safetensors" and not found.notes
    return Checkpoint(found.tensors, (kind, *found.notes), plain)


def convert(path: Path, part: str = "") -> Checkpoint:
    """Read an old pickle in a process that has given up network, processes and files.

    Raises:
        WeightsError: It asks for what no checkpoint needs, is damaged, or takes too much.
    """
    root = str(Path(__file__).resolve().parents[3])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tensors.safetensors"
        words = [sys.executable, "-I", "-c", PROGRAM, root, str(path.resolve()), str(out), part]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=PATIENCE_SECONDS, cwd=folder,
                env={"OMP_NUM_THREADS": "1"}, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            report = json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            raise WeightsError(f"{path}: refused, reading takes too long") from None
        except ValueError:
            raise WeightsError(
                f"{path}: refused, reading ended with status {done.returncode} (memory or time "
                "ran out); save its state_dict() as safetensors"
            ) from None
        if "error" in report:
            raise WeightsError(f"{path}: refused, {report['error']}")
        stored = read_tensors(out, None)
    kept = "kept: tensors, arrays and containers; no code of the file was run"
    left = [f"{name} ({count})" for name, count in report["left_out"].items()]
    return Checkpoint(
        {name: stored[name] for name in report["names"]},
        (
            "pickle with more than tensors, read in a process of its own",
            *(f"  {one}" for one in report["isolation"]),
            f"  {kept}" + (f"; left out: {', '.join(left)}" if left else ""),
            *report["notes"],
        ),
        plain=False,
    )


def _refuse_infinite(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise WeightsError(f"{path}: tensor {name!r} holds NaN or infinite values")
