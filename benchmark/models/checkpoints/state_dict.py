"""The tensors of one network, found in whatever a training script put into its checkpoint."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmark.errors import WeightsError, unknown_name

Keys = tuple[str, ...]
NO_NETWORK = ("optim", "scheduler", "scaler", "queue", "rng", "loss")
PREFERRED = ("teacher", "ema", "encoder_q", "state_dict", "model")
DEEPEST = 6
NUMERIC = "fiub"


@dataclass(frozen=True)
class StateDict:
    """The tensors, by name, and what was opened and left out on the way, in sentences."""

    tensors: dict[str, torch.Tensor]
    notes: tuple[str, ...]


def find_state_dict(data: object, part: str = "") -> StateDict:
    """Choose the largest group of tensors, or the one below the key `part`.

    Args:
        data: What a checkpoint holds: dictionaries in dictionaries, tensors, arrays, other things.
        part: Key of the group, with dots (`teacher`, `state.model`); empty for the largest. Of
            groups equally large the teacher's or the averaged one is taken.

    Raises:
        WeightsError: There is no group of tensors, none under that key, or one is sparse or
            quantised.
    """
    groups = dict(_groups(data, ()))
    if not groups:
        raise WeightsError("no tensors by name were found in the checkpoint")
    keys = {key: ".".join(key) for key in groups}
    if part:
        chosen = next((key for key, name in keys.items() if name == part), None)
        if chosen is None:
            raise WeightsError(unknown_name("part of the checkpoint", part, keys.values()))
    else:
        chosen = max(groups, key=lambda key: (_size(groups[key]), _preference(keys[key])))
    notes = []
    if chosen:
        notes.append(f"opened: {keys[chosen]}")
    others = [name or "(top)" for key, name in keys.items() if key != chosen]
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
        notes.append(f"{len(dropped)} entries are no tensors: {', '.join(dropped[:8])}")
    return StateDict(tensors, tuple(notes))


def _groups(data: object, path: Keys) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """Every dictionary that holds tensors itself, by the keys that lead to it."""
    if hasattr(data, "state") and isinstance(data.state, dict) and "_modules" in data.state:
        data = dict(_of_module(data, ""))
    if not isinstance(data, Mapping) or len(path) > DEEPEST:
        return
    if any(word in name.lower() for name in path for word in NO_NETWORK):
        return
    items = {key: value for key, value in data.items() if isinstance(key, str)}
    if any(_tensor(value) is not None for value in items.values()):
        yield path, items
    for key, value in items.items():
        yield from _groups(value, (*path, key))


def _of_module(data: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """The state dictionary of a network that was pickled whole, from its stand-ins."""
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


def _preference(name: str) -> int:
    return next((len(PREFERRED) - n for n, word in enumerate(PREFERRED) if word in name), 0)
