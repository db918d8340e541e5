"""The tensors of one network, found among everything that a training script saved."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmark.errors import WeightsError, unknown_name

NOT_A_NETWORK = re.compile(
    r"optim|sched|scaler|queue|rng|exp_avg|momentum_buffer|(^|_)(grads?|loss(es|_fn|_state)?)$"
)
PREFERRED = ("teacher", "ema", "encoder_q", "base_encoder", "state_dict", "model")
MOST_LEVELS = 6
AS_LARGE = 0.5
LEAST_TENSORS, LEAST_SHARE_OF_COPY = 8, 0.3
NUMERIC = "fiub"


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of one network.

    Attributes:
        tensors: By name, in the file's order.
        notes: How they were read, the chosen group and what was left out, in sentences.
        as_stored: Whether `read_tensors` reads the same from the file; otherwise the tensors have
            to be kept as safetensors.
    """

    tensors: dict[str, torch.Tensor]
    notes: tuple[str, ...]
    as_stored: bool = False


def find_state_dict(data: object, part: str = "") -> Checkpoint:
    """Choose the largest group of tensors, or the one below the key `part`.

    Args:
        data: Content of a checkpoint: nested dictionaries, tensors, arrays and other objects.
        part: Key of the group, with dots (`teacher`, `state.model`); empty for the largest. Of
            equally large groups the teacher's or the averaged one is chosen.

    Raises:
        WeightsError: There is no group of tensors or none with that key, or a tensor is sparse or
            quantised.
    """
    groups = dict(_groups(data))
    if not groups:
        raise WeightsError("no tensors by name were found in the checkpoint")
    if part not in groups:  # `teacher` stands for `state_dict.teacher`
        part = next((key for key in groups if part and key.endswith(f".{part}")), part)
    if part and part not in groups:
        raise WeightsError(unknown_name("part of the checkpoint", part, groups))
    chosen = part or _chosen(groups)
    notes = [f"opened: {chosen}"] if chosen else []
    others = [key or "(top)" for key in groups if key != chosen]
    if others:
        notes.append(f"other groups of tensors, choose one with --part: {', '.join(others)}")
    tensors, dropped = {}, []
    for name, value in groups[chosen].items():
        tensor = _tensor(value)
        if tensor is None:
            dropped.append(str(name))
            continue
        if tensor.layout != torch.strided or tensor.is_quantized:
            raise WeightsError(f"tensor {name!r} is sparse or quantised; save it dense")
        tensors[name] = tensor.detach().contiguous().clone()
    if dropped:
        notes.append(f"{len(dropped)} entries are not tensors: {', '.join(dropped[:8])}")
    return Checkpoint(tensors, tuple(notes))


def _groups(data: object, path: str = "", level: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every dictionary that has tensors among its values, by the keys that lead to it."""
    if hasattr(data, "state") and isinstance(data.state, dict) and "_modules" in data.state:
        data = dict(_of_module(data, ""))
    if not isinstance(data, Mapping) or level > MOST_LEVELS:
        return
    items = {key: value for key, value in data.items() if isinstance(key, str)}
    if any(_tensor(value) is not None for value in items.values()):
        copies = _copies(items)
        for prefix, copy in copies.items():
            yield f"{path}.{prefix}" if path else prefix, copy
        if not copies:
            yield path, items
    for key, value in items.items():
        if not NOT_A_NETWORK.search(key.lower()):
            yield from _groups(value, f"{path}.{key}" if path else key, level + 1)


def _copies(items: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Two or more copies of one network in a dictionary (student and teacher), by their prefix."""
    below: dict[str, dict[str, Any]] = {}
    for name, value in items.items():
        prefix, dot, inner = name.partition(".")
        if dot and not prefix.isdigit() and hasattr(value, "shape"):
            below.setdefault(prefix, {})[inner] = value
    if len(below) == 1:  # all is below `module.`
        (outer, inner_items), = below.items()  # fmt: skip
        return {f"{outer}.{prefix}": copy for prefix, copy in _copies(inner_items).items()}
    least = LEAST_SHARE_OF_COPY * _size(items)
    large = {prefix: copy for prefix, copy in below.items()
             if len(copy) >= LEAST_TENSORS and _size(copy) >= least}  # fmt: skip
    shapes = [{(name, tuple(value.shape)) for name, value in copy.items()}
              for copy in large.values()]  # fmt: skip
    alike = len(shapes) > 1 and len(set.intersection(*shapes)) > max(map(len, shapes)) / 2
    return large if alike else {}


def _of_module(data: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """The state dictionary of a network that was pickled as an object, from its placeholders."""
    for kind in ("_parameters", "_buffers"):
        for name, value in (data.state.get(kind) or {}).items():
            if value is not None:
                yield f"{prefix}{name}", value
    for name, module in (data.state.get("_modules") or {}).items():
        if isinstance(getattr(module, "state", None), dict):
            yield from _of_module(module, f"{prefix}{name}.")


def _tensor(value: object) -> torch.Tensor | None:
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in NUMERIC:
        return torch.from_numpy(value.astype(value.dtype.newbyteorder("=")))
    return None


def _size(group: Mapping[str, Any]) -> int:
    return sum(math.prod(value.shape) for value in group.values() if hasattr(value, "shape"))


def _chosen(groups: Mapping[str, Mapping[str, Any]]) -> str:
    """The largest group, or the preferred one of those that are nearly as large."""
    most = max(map(_size, groups.values()))
    large = [key for key in groups if _size(groups[key]) >= AS_LARGE * most]
    return max(large, key=_preference)


def _preference(name: str) -> int:
    return next((len(PREFERRED) - n for n, word in enumerate(PREFERRED) if word in name), 0)
