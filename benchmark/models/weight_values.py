"""Which tensors of a checkpoint are not the weights that a network computes with."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch

from benchmark.errors import WeightsError

LOW_RANK = re.compile(r"(^|\.)lora_")


def require_weights(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse tensors that are not the weights that a network computes with.

    Raises:
        WeightsError: Naming the first such tensor, and what to do.
    """
    for name, tensor in tensors.items():
        if problem := _problem(name, tensor):
            raise WeightsError(f"{path}: tensor {name!r} {problem}")


def _problem(name: str, tensor: torch.Tensor) -> str:
    """Why a tensor holds no weights; "" if it does."""
    if LOW_RANK.search(name):
        return (
            "is a low-rank update of other weights; merge it into them before saving (in peft: "
            "merge_and_unload())"
        )
    if not tensor.numel():
        return "is empty; gather the parts of a distributed checkpoint before saving"
    if not tensor.is_floating_point():
        return ""
    if tensor.element_size() == 1:  # its scale is another tensor
        return f"is {tensor.dtype}; save it as float16"
    if not tensor.isfinite().all():
        return "holds NaN or infinite values"
    if name.endswith("running_var") and (tensor < 0).any():
        return "holds negative variances"
    return ""
