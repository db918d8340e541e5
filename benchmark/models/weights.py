"""Weights: read safely, by verified hash, and loaded only with a coverage report."""

import math
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from benchmark.errors import WeightsError
from benchmark.files import replacing, sha256_of
from benchmark.records.record import Coverage

WRAPPERS = ("state_dict", "model", "model_state_dict")
SLACK_BYTES = 2**20
DAMAGED = (
    safetensors.SafetensorError, RuntimeError, EOFError, ValueError, OSError, KeyError,
    IndexError, TypeError, AttributeError, MemoryError, RecursionError, struct.error,
    zipfile.BadZipFile,
)  # fmt: skip


class MoreThanTensors(WeightsError):
    """A checkpoint that names more than tensors; nothing of it was run."""


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
    data = read_file(path)
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


def read_file(path: Path) -> object:
    """What a safetensors or a PyTorch file holds, without running its code.

    Raises:
        MoreThanTensors: A PyTorch file names objects that only its own code could make.
        WeightsError: It is damaged, or unpacks to far more than it is.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        refuse_bomb(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it does not know it refuses
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise MoreThanTensors(
            f"{path}: refused, since it holds more than tensors and could run code; save its "
            "state_dict() as safetensors, or convert it with `segtransfer source new`"
        ) from None
    except DAMAGED as error:
        if "TorchScript" in str(error):
            raise WeightsError(
                f"{path}: refused, it is a TorchScript program; save its state_dict()"
            ) from None
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path}: damaged or truncated checkpoint ({first})") from None


def refuse_bomb(path: Path) -> None:
    """Refuse a zip that unpacks to far more than it is; PyTorch stores tensors as they are.

    Raises:
        WeightsError: Its members are together larger than twice the file.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > 2 * path.stat().st_size + SLACK_BYTES:
            raise WeightsError(
                f"{path}: refused, it would unpack to {unpacked} bytes; save it with torch.save"
            )


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
        parameter_share=round(_elements(matched) / max(1, _elements(own)), 6),
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
    state = network.state_dict()
    save_tensors(path, {k: v for k, v in state.items() if k.startswith(only)}, metadata)


def save_tensors(path: Path, given: Mapping[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """Write tensors as safetensors, whole or not at all.

    Raises:
        WeightsError: The folder cannot be written or the disk is full.
    """
    tensors = {key: value.contiguous().cpu() for key, value in given.items()}
    try:
        with replacing(path) as temporary:
            save_file(tensors, temporary, metadata)
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be written ({error})") from None
