"""Weights: read safely, by verified hash, and loaded only with a coverage report."""

import hashlib
import math
import os
import pickle
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from benchmark.errors import WeightsError

WRAPPERS = ("state_dict", "model", "model_state_dict")


@dataclass(frozen=True)
class Coverage:
    """Which tensors of a part came from the checkpoint.

    `parameter_share` is the share of the part's elements (buffers included) that were loaded.
    """

    matched: int
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]
    unused: tuple[str, ...]
    parameter_share: float

    @property
    def complete(self) -> bool:
        """Whether the whole part was covered."""
        return not self.missing and not self.mismatched


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_tensors(path: Path, expected_sha256: str | None) -> dict[str, torch.Tensor]:
    """Read a state dictionary from safetensors or a PyTorch file, without running its code.

    Raises:
        WeightsError: The file is missing, another one, damaged, holds anything but tensors, or
            holds values that are not finite.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such checkpoint")
    if expected_sha256 is not None and (found := sha256_of(path)) != expected_sha256:
        raise WeightsError(
            f"{path}: SHA-256 is {found[:16]}..., expected {expected_sha256[:16]}...; "
            "this is another file, or it is damaged"
        )
    try:
        if path.suffix == ".safetensors":
            data: object = load_file(path)
        else:
            data = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise WeightsError(
            f"{path}: refused, since it holds more than tensors and could run code; save its "
            "state_dict() as safetensors"
        ) from None
    except (safetensors.SafetensorError, RuntimeError, EOFError, ValueError, OSError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path}: damaged or truncated checkpoint ({first})") from None
    for wrapper in WRAPPERS:
        if isinstance(data, dict) and isinstance(data.get(wrapper), dict):
            data = data[wrapper]
    if not isinstance(data, dict) or not data:
        raise WeightsError(f"{path}: expected a state dictionary of tensors")
    for name, tensor in data.items():
        if not isinstance(tensor, torch.Tensor):
            raise WeightsError(f"{path}: entry {name!r} is {type(tensor).__name__}, not a tensor")
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise WeightsError(f"{path}: tensor {name!r} holds NaN or infinite values")
    return data


def renamed(
    tensors: Mapping[str, torch.Tensor], rules: Sequence[tuple[str, str]]
) -> dict[str, torch.Tensor]:
    """Tensors under the names that rules give them: [regular expression, replacement] in turn.

    Raises:
        WeightsError: Two tensors end up with one name.
    """
    result: dict[str, torch.Tensor] = {}
    for key, tensor in tensors.items():
        name = key
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        if name in result:
            raise WeightsError(f"rename gives two tensors the name {name!r} (one was {key!r})")
        result[name] = tensor
    return result


def load_part(
    part: nn.Module,
    tensors: Mapping[str, torch.Tensor],
    *,
    prefix: str,
    name: str,
    allow_partial: bool = False,
) -> Coverage:
    """Load the tensors below a key prefix into one part of a network.

    A missing `num_batches_tracked` is no loss: it is a counter that older checkpoints lack.

    Raises:
        WeightsError: The part is not covered whole and `allow_partial` is not given, or nothing
            matches at all.
    """
    own = nn.Module.state_dict(part)
    given = {key.removeprefix(prefix): key for key in tensors if key.startswith(prefix)}
    matched = {
        key: tensors[given[key]]
        for key in own
        if key in given and tensors[given[key]].shape == own[key].shape
    }
    coverage = Coverage(
        matched=len(matched),
        missing=tuple(
            key for key in own if key not in given and not key.endswith("num_batches_tracked")
        ),
        mismatched=tuple(
            f"{key} {tuple(tensors[given[key]].shape)} for {tuple(own[key].shape)}"
            for key in own
            if key in given and key not in matched
        ),
        unused=tuple(key for key in tensors if key.removeprefix(prefix) not in own),
        parameter_share=_elements(matched) / max(1, _elements(own)),
    )
    if not matched or not (coverage.complete or allow_partial):
        raise WeightsError(_refusal(coverage, len(own), name))
    # smp encoders override load_state_dict and report nothing; torch's own does the work.
    nn.Module.load_state_dict(part, {**own, **matched})
    return coverage


def _elements(tensors: Mapping[str, torch.Tensor]) -> int:
    return sum(math.prod(tensor.shape) for tensor in tensors.values())


def _refusal(coverage: Coverage, total: int, name: str) -> str:
    text = f"{name}: {coverage.matched} of {total} tensors would be loaded"
    for what, names in (
        ("missing", coverage.missing),
        ("of another shape", coverage.mismatched),
        ("in the file but not used", coverage.unused),
    ):
        if names:
            text += f"; {len(names)} {what} (first: {names[0]})"
    return text + "; correct key_prefix or encoder on the card, or run with --allow-partial"


def save_network(
    path: Path, network: nn.Module, metadata: dict[str, str], *, only: str = ""
) -> None:
    """Write the tensors whose names begin with `only` as safetensors, whole or not at all.

    Raises:
        WeightsError: The folder cannot be written or the disk is full.
    """
    tensors = {
        key: value.contiguous().cpu()
        for key, value in network.state_dict().items()
        if key.startswith(only)
    }
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        os.close(handle)
        save_file(tensors, temporary, metadata)
        os.replace(temporary, path)
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be written ({error})") from None
