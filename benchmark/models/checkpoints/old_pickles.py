"""Old pickles, read as data: tensors, arrays and containers are kept, nothing else is made.

Run in a process of its own (`checkpoints.convert`), which first gives up network, processes and
files. Classes that the file names are never imported: an object of one becomes a `LeftOut`.
"""

import json
import pickle
import sys
import tarfile
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmark.models.checkpoints.sandbox import leave_the_network, limit, refuse_side_effects

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # of torch.save before 1.6
CONTAINERS = {"set": set, "frozenset": frozenset, "slice": slice, "complex": complex, "dict": dict,
              "list": list, "tuple": tuple, "int": int, "float": float, "str": str, "bytes": bytes,
              "bool": bool}  # fmt: skip
SUSPECT = ("builtins", "__builtin__", "os", "posix", "nt", "sys", "subprocess", "socket", "shutil",
           "runpy", "importlib", "ctypes", "pty", "code", "marshal", "operator", "types", "signal",
           "multiprocessing", "webbrowser", "urllib", "http", "pickle", "cPickle", "dill",
           "cloudpickle", "torch.hub", "torch.jit", "torch.serialization")  # fmt: skip
CPU_SECONDS = 300
SPARE_BYTES = 6 * 2**30


class LeftOut(dict[Any, Any]):
    """What stands for an object whose class is not run; it keeps its items and its state."""

    state: Any = None

    def __new__(cls, *_: Any, **__: Any) -> "LeftOut":
        """Take any arguments and drop them."""
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        """Hold nothing yet."""
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        """Keep the state, in which a network has its tensors."""
        self.state = state

    def __hash__(self) -> int:  # type: ignore[override]
        """Be a key where the object was one."""
        return id(self)

    def append(self, _: Any) -> None:
        """Drop what a list would keep."""

    def extend(self, _: Any) -> None:
        """Drop what a list would keep."""

    add = append


class Reader(pickle.Unpickler):
    """An unpickler that knows tensors, arrays and containers, and counts what it leaves out."""

    left_out: Counter[str] = Counter()

    def find_class(self, module: str, name: str) -> Any:
        """What a name stands for; a name that no checkpoint needs ends the reading."""
        if (module, name) in (known := _known()):
            return known[module, name]
        if module in ("builtins", "__builtin__") and name in CONTAINERS:
            return CONTAINERS[name]
        if any(module == one or module.startswith(f"{one}.") for one in SUSPECT):
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, as no checkpoint does")
        Reader.left_out[f"{module}.{name}"] += 1
        return LeftOut


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    """Bytes as pickles of protocol 2 keep them."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes in {encoding!r}")
    return text.encode("latin1")


def _known() -> dict[tuple[str, str], Any]:
    from importlib import import_module

    import numpy as np
    import torch

    known: dict[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("_codecs", "encode"): _latin1,
        ("torch", "Size"): torch.Size,
        ("torch", "device"): torch.device,
    }
    for name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter"):
        known["torch._utils", name] = getattr(torch._utils, name)
    for name in ("float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32",
                 "int64", "bool"):  # fmt: skip
        known["torch", name] = getattr(torch, name)
    for module, names in (
        ("multiarray", ("_reconstruct", "scalar")),
        ("numeric", ("_frombuffer",)),
    ):
        now = import_module(f"numpy._core.{module}")
        for name in names:
            known[f"numpy.core.{module}", name] = known[now.__name__, name] = getattr(now, name)
    known["numpy", "ndarray"], known["numpy", "dtype"] = np.ndarray, np.dtype
    known["torch.nn.parameter", "Parameter"] = LeftOut
    return known


def read_pickle(path: Path) -> Any:
    """What a pickle or a PyTorch file of any age but the first holds, as data.

    Raises:
        pickle.UnpicklingError: It asks for what no checkpoint needs, or is a program.
    """
    import torch

    with path.open("rb") as file:
        head = file.read(len(MAGIC))
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("constants.pkl") for name in archive.namelist()):
                raise pickle.UnpicklingError("it is a TorchScript program; save its state_dict()")
    elif tarfile.is_tarfile(path):
        raise pickle.UnpicklingError("it is an archive of PyTorch before 0.2")
    elif head != MAGIC:
        with path.open("rb") as file:
            return Reader(file, encoding="latin1").load()
    reading = SimpleNamespace(
        __name__="reading", Unpickler=Reader, load=lambda file, **how: Reader(file, **how).load()
    )
    return torch.load(path, map_location="cpu", pickle_module=reading, weights_only=False)


def _no_program(*_: Any, **__: Any) -> None:
    raise pickle.UnpicklingError("it is a TorchScript program; save its state_dict()")


def main(path: Path, out: Path, part: str) -> None:
    """Read, choose the tensors of one network, write them, and print a report as JSON."""
    isolation = [leave_the_network()]  # before torch starts threads
    import torch
    from safetensors.torch import save_file

    from benchmark.models.checkpoints.state_dict import find_state_dict

    _known()
    torch.jit.load = _no_program
    isolation += [limit(3 * path.stat().st_size + SPARE_BYTES, CPU_SECONDS)]
    handle, sys.stdout = sys.stdout, sys.stderr
    isolation += [refuse_side_effects()]
    report: dict[str, Any] = {"isolation": isolation}
    try:
        found = find_state_dict(read_pickle(path), part)
        save_file(found.tensors, out)
        report |= {"names": [*found.tensors], "notes": found.notes, "left_out": Reader.left_out}
    except Exception as error:  # whatever a hostile file makes of it is one line
        report["error"] = (str(error).splitlines() or [type(error).__name__])[0]
    handle.write(json.dumps(report))
