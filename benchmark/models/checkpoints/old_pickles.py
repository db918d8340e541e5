"""Old pickles, read as data: only tensors, arrays and containers are made.

It runs in an isolated process (`read.read_isolated`) that first gives up network, processes and
files. Classes that the file names are never imported: their objects become a `Placeholder`.
"""

import json
import pickle
import sys
import tarfile
import zipfile
from collections import Counter, OrderedDict
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmark.models.checkpoints.sandbox import (
    isolate_network,
    limit_resources,
    refuse_side_effects,
)

LEGACY_HEADER = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # of torch.save before 1.6
CONTAINERS = {"set": set, "frozenset": frozenset, "slice": slice, "complex": complex, "dict": dict,
              "list": list, "tuple": tuple, "int": int, "float": float, "str": str, "bytes": bytes,
              "bool": bool}  # fmt: skip
REFUSED_MODULES = (
    "builtins.", "__builtin__.", "os.", "posix.", "nt.", "sys.", "subprocess.", "socket.",
    "shutil.", "runpy.", "importlib.", "ctypes.", "pty.", "code.", "marshal.", "operator.",
    "types.", "signal.", "multiprocessing.", "webbrowser.", "urllib.", "http.", "pickle.",
    "cPickle.", "dill.", "cloudpickle.", "torch.hub.", "torch.jit.", "torch.serialization.",
)  # fmt: skip
LEFT_OUT = {  # members of enums and bound methods are pickled so; none of them is called
    "builtins.getattr", "__builtin__.getattr", "operator.itemgetter", "operator.attrgetter",
    "types.SimpleNamespace",
}  # fmt: skip
CPU_SECONDS = 300
SPARE_BYTES = 6 * 2**30


class Placeholder(dict[Any, Any]):
    """In place of an object whose class is not imported; it keeps its items and its state."""

    state: Any = None

    def __new__(cls, *_: Any, **__: Any) -> "Placeholder":
        """Ignore all arguments."""
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        """Start empty."""
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        """Keep the state: a network has its tensors in it."""
        self.state = state

    def __hash__(self) -> int:  # type: ignore[override]
        """Be hashable, since the object may have been a key."""
        return id(self)

    def append(self, _: Any) -> None:
        """Ignore items of lists and sets."""

    extend = add = append


class TensorUnpickler(pickle.Unpickler):
    """An unpickler of tensors, arrays and containers that counts the objects it leaves out."""

    left_out: Counter[str] = Counter()

    def find_class(self, module: str, name: str) -> Any:
        """An allowed object or a placeholder.

        Raises:
            pickle.UnpicklingError: The name is of a module that no checkpoint needs.
        """
        if (module, name) in (allowed := _allowed()):
            return allowed[module, name]
        if module in ("builtins", "__builtin__") and name in CONTAINERS:
            return CONTAINERS[name]
        full_name = f"{module}.{name}"
        if full_name.startswith(REFUSED_MODULES) and full_name not in LEFT_OUT:
            raise pickle.UnpicklingError(f"it names {full_name}, which no checkpoint needs")
        TensorUnpickler.left_out[full_name] += 1
        return Placeholder


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    """Bytes as pickles of protocol 2 keep them."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes in {encoding!r}")
    return text.encode("latin1")


def _without_state(data: Any, requires_grad: bool, hooks: Any, state: Any) -> Any:
    """A parameter that has attributes, without them."""
    return data


def _of_class(rebuild: Any, kind: Any, arguments: Any, state: Any) -> Any:
    """A tensor of another class, or with attributes, as a plain tensor."""
    return rebuild(*arguments)


@cache
def _allowed() -> dict[tuple[str, str], Any]:
    """Functions and classes that checkpoints need, by module and name."""
    import numpy as np  # both after the isolation of `main`, since they start threads
    import torch

    allowed: dict[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("_codecs", "encode"): _latin1,
        ("torch", "Size"): torch.Size,
        ("torch", "device"): torch.device,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("torch.nn.parameter", "Parameter"): Placeholder,
    }
    for name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter"):
        allowed["torch._utils", name] = getattr(torch._utils, name)
    allowed["torch._utils", "_rebuild_parameter_with_state"] = _without_state
    allowed["torch._tensor", "_rebuild_from_type_v2"] = _of_class
    for name in ("float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32",
                 "int64", "bool"):  # fmt: skip
        allowed["torch", name] = getattr(torch, name)
    for module, name in (("multiarray", "_reconstruct"), ("multiarray", "scalar"),
                         ("numeric", "_frombuffer")):  # fmt: skip
        function = getattr(import_module(f"numpy._core.{module}"), name)
        allowed[f"numpy.core.{module}", name] = allowed[f"numpy._core.{module}", name] = function
    return allowed


def read_pickle(path: Path) -> Any:
    """The content of a pickle or of a PyTorch file (0.2 or later), as data.

    Raises:
        pickle.UnpicklingError: It names what no checkpoint needs, or is a program.
    """
    import torch  # after the isolation

    with path.open("rb") as file:
        head = file.read(len(LEGACY_HEADER))
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("constants.pkl") for name in archive.namelist()):
                _refuse_program()
    elif tarfile.is_tarfile(path):
        raise pickle.UnpicklingError("it is an archive of PyTorch before 0.2")
    elif head != LEGACY_HEADER:
        with path.open("rb") as file:
            return TensorUnpickler(file, encoding="latin1").load()
    module = SimpleNamespace(
        __name__="tensor_pickle",
        Unpickler=TensorUnpickler,
        load=lambda file, **options: TensorUnpickler(file, **options).load(),
    )
    return torch.load(path, map_location="cpu", pickle_module=module, weights_only=False)


def _refuse_program(*_: Any, **__: Any) -> None:
    raise pickle.UnpicklingError("it is a TorchScript program; save its state_dict()")


def main(path: Path, out: Path, part: str) -> None:
    """Read, choose the tensors of one network, write them, and print a report as JSON."""
    isolation = [isolate_network()]  # before torch starts threads
    import torch
    from safetensors.torch import save_file

    from benchmark.models.checkpoints.state_dict import find_state_dict

    _allowed()
    torch.jit.load = _refuse_program
    isolation += [limit_resources(3 * path.stat().st_size + SPARE_BYTES, CPU_SECONDS)]
    stdout, sys.stdout = sys.stdout, sys.stderr
    isolation += [refuse_side_effects()]
    report: dict[str, Any] = {"isolation": isolation}
    try:
        state = find_state_dict(read_pickle(path), part)
        save_file(state.tensors, out)
        report |= {"names": [*state.tensors], "notes": state.notes,
                   "left_out": TensorUnpickler.left_out}  # fmt: skip
    except Exception as error:  # any error that a hostile file causes becomes one line
        report["error"] = (str(error).splitlines() or [type(error).__name__])[0]
    stdout.write(json.dumps(report))
