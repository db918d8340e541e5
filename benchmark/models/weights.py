"""Weights: read safely, verified by hash, and loaded with a report of their coverage."""

import pickle
import re
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
from benchmark.models.weight_values import require_weights
from benchmark.records.record import Coverage

WRAPPERS = ("state_dict", "model", "model_state_dict")
SLACK_BYTES = 2**20
SHARD = re.compile(r"-(\d+)-of-(\d+)\.|\.index\.json$")


class MoreThanTensors(WeightsError):
    """A checkpoint names more than tensors; none of its code was run."""


def read_tensors(path: Path, expected_sha256: str | None) -> dict[str, torch.Tensor]:
    """Read a state dictionary from safetensors or a PyTorch file, without running its code.

    Raises:
        WeightsError: The file is missing, damaged or another one, or holds anything but tensors of
            finite values.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such checkpoint")
    if expected_sha256 is not None and (sha256 := sha256_of(path)) != expected_sha256:
        raise WeightsError(
            f"{path}: SHA-256 is {sha256[:16]}..., expected {expected_sha256[:16]}...; "
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
    require_weights(path, data)
    return data


def read_file(path: Path) -> object:
    """The content of a safetensors or a PyTorch file, without running its code.

    Raises:
        MoreThanTensors: A PyTorch file names objects that only its own code could make.
        WeightsError: It is damaged or a part of a checkpoint, or unpacks to far more than its size.
    """
    if (part := SHARD.search(path.name)) and part[0] != "-00001-of-00001.":
        raise WeightsError(
            f"{path}: refused, the checkpoint is in several files; join them (in transformers: "
            "save_pretrained(DIR, max_shard_size='1TB'))"
        )
    try:
        if path.suffix == ".safetensors" or _begins_as_safetensors(path):
            return load_file(path)
        refuse_bomb(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # unknown objects are errors, not warnings
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise MoreThanTensors(
            f"{path}: refused, since it holds more than tensors and could run code; save its "
            "state_dict() as safetensors, or convert it with `segtransfer source new`"
        ) from None
    except WeightsError:
        raise
    except Exception as error:  # a damaged file raises many errors in either library
        if "TorchScript" in str(error):
            raise WeightsError(
                f"{path}: refused, it is a TorchScript program; save its state_dict()"
            ) from None
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path}: damaged or truncated checkpoint ({first})") from None


def _begins_as_safetensors(path: Path) -> bool:
    """Whether a file of any name begins with a length and JSON."""
    with path.open("rb") as file:
        length, brace = file.read(8), file.read(1)
    return brace == b"{" and int.from_bytes(length, "little") < path.stat().st_size


def refuse_bomb(path: Path) -> None:
    """Refuse a zip that unpacks to far more than its size; PyTorch does not compress tensors.

    Raises:
        WeightsError: Its members together are larger than twice the file.
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
    """Tensors under the names that a card's rules give them.

    Raises:
        WeightsError: Two tensors end up with one name.
    """
    result: dict[str, torch.Tensor] = {}
    for key, tensor in tensors.items():
        name = renamed_key(key, rules)
        if name in result:
            raise WeightsError(f"rename gives two tensors the name {name!r} (one was {key!r})")
        result[name] = tensor
    return result


def renamed_key(key: str, rules: Sequence[tuple[str, str]]) -> str:
    """A name after all rules (regular expression, replacement) in turn."""
    for pattern, replacement in rules:
        key = re.sub(pattern, replacement, key)
    return key


def load_part(
    part: nn.Module,
    tensors: Mapping[str, torch.Tensor],
    *,
    prefix: str,
    name: str,
    allow_partial: bool = False,
) -> Coverage:
    """Load the tensors below a key prefix into one part of a network.

    `num_batches_tracked` may be missing: it is a counter that older checkpoints lack.

    Raises:
        WeightsError: No tensor matches, or not all of them do and `allow_partial` is not given, or
            a matrix or kernel is 0.
    """
    expected = nn.Module.state_dict(part)
    keys = {key.removeprefix(prefix): key for key in tensors if key.startswith(prefix)}
    common = {name: tensors[keys[name]] for name in expected if name in keys}
    matched = {name: value for name, value in common.items() if _fits(value, expected[name])}
    loaded, total = (sum(t.numel() for t in group.values()) for group in (matched, expected))
    coverage = Coverage(
        matched=len(matched),
        missing=tuple(
            name
            for name in expected
            if name not in keys and not name.endswith("num_batches_tracked")
        ),
        mismatched=tuple(
            f"{name} {_shape(value)} for {_shape(expected[name])}"
            for name, value in common.items()
            if name not in matched
        ),
        unused=tuple(key for key in tensors if key.removeprefix(prefix) not in expected),
        parameter_share=round(loaded / max(1, total), 6),
    )
    if not matched or not (coverage.complete or allow_partial):
        raise WeightsError(_not_covered(coverage, len(expected), name))
    for key, value in matched.items():
        if key.endswith("weight") and value.ndim > 1 and not value.any():
            raise WeightsError(
                f"{name}: all of tensor {keys[key]!r} is 0, as in a file that was not written to "
                "its end; get the file again"
            )
    # smp encoders override load_state_dict and report nothing; torch's own does the work.
    nn.Module.load_state_dict(part, {**expected, **matched})
    return coverage


def _fits(value: torch.Tensor, expected: torch.Tensor) -> bool:
    """Whether a tensor can take the place of one; whole numbers are no weights, but quantised."""
    return value.shape == expected.shape and (
        value.is_floating_point() or not expected.is_floating_point()
    )


def _shape(tensor: torch.Tensor) -> str:
    kind = "" if tensor.is_floating_point() else f"{tensor.dtype} ".removeprefix("torch.")
    return f"{kind}{tuple(tensor.shape)}"


def _not_covered(coverage: Coverage, total: int, name: str) -> str:
    text = f"{name}: {coverage.matched} of {total} tensors would be loaded"
    for problem, names in (
        ("missing", coverage.missing),
        ("of another shape or type", coverage.mismatched),
        ("in the file but not used", coverage.unused),
    ):
        if names:
            text += f"; {len(names)} {problem} (first: {names[0]})"
    return text + "; correct key_prefix or encoder on the card, or run with --allow-partial"


def save_network(
    path: Path, network: nn.Module, metadata: dict[str, str], *, only: str = ""
) -> None:
    """Write the tensors whose names begin with `only` as safetensors, atomically.

    Raises:
        WeightsError: The folder cannot be written or the disk is full.
    """
    state = {name: t for name, t in network.state_dict().items() if name.startswith(only)}
    save_tensors(path, state, metadata)


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """Write tensors as safetensors, atomically.

    Raises:
        WeightsError: The folder cannot be written or the disk is full.
    """
    contiguous = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    try:
        with replacing(path) as temporary:
            save_file(contiguous, temporary, metadata)
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be written ({error})") from None
