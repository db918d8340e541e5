"""torchvision, timm and segmentation-models-pytorch, also where torchvision does not fit torch.

The only torchvision wheel that many package indexes have is built for CUDA. With a CPU build of
torch its compiled operators do not load, and the import stops at "operator torchvision::nms does
not exist". segmentation-models-pytorch and timm need only torchvision's Python parts, so the
missing operators are defined as placeholders first. Nothing is done where torchvision is intact.
Calling a placeholder is an error of torch, as it should be.
"""

import importlib
import re
import sys
from types import ModuleType
from typing import Any

import torch

__all__ = ["import_monai", "import_torchvision", "smp", "timm"]

_definitions: list[Any] = []  # a library's definitions vanish with it


def import_torchvision(attempts: int = 8) -> ModuleType:
    """Import torchvision, defining the operators it misses as placeholders.

    Raises:
        RuntimeError: torchvision fails for another reason, or misses too many operators.
    """
    for _ in range(attempts):
        try:
            return importlib.import_module("torchvision")
        except RuntimeError as error:
            missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
            if missing is None:
                raise
            for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
                del sys.modules[name]
            library = torch.library.Library("torchvision", "FRAGMENT")
            library.define(f"{missing[1]}(Tensor dets, Tensor scores, float threshold) -> Tensor")
            _definitions.append(library)
    raise RuntimeError(f"torchvision misses more than {attempts} operators; reinstall it")


def import_monai(module: str) -> ModuleType:
    """Import a module of MONAI without `transformers`.

    MONAI imports it, where installed, for one network that is not used here; that takes seconds.
    """
    hidden: dict[str, Any] = {} if "transformers" in sys.modules else {"transformers": None}
    sys.modules.update(hidden)
    try:
        return importlib.import_module(module)
    finally:
        for name in hidden:
            del sys.modules[name]


import_torchvision()

import segmentation_models_pytorch as smp  # noqa: E402
import timm  # noqa: E402
import timm.optim  # noqa: E402
