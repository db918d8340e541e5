"""Tensors that a network does not compute with are refused by name, however they are read."""

from pathlib import Path

import pytest
import torch

from benchmark.errors import WeightsError
from benchmark.models.weights import read_tensors


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("qkv.lora_A", [1.0], "is a low-rank update of other weights; merge it"),
        ("base_model.model.fc.lora_B.default.weight", [1.0], "is a low-rank update"),
        ("fc.weight", [], "is empty; gather the parts"),  # DeepSpeed stage 3
        ("bn.running_var", [1.0, -0.1], "holds negative variances"),
    ],
)
def test_what_a_network_does_not_compute_with_is_refused_by_name(
    name: str, values: list[float], message: str, tmp_path: Path
) -> None:
    """Beside an unmerged update, the weights that it changes are those before fine-tuning."""
    torch.save({"fc.bias": torch.ones(2), name: torch.tensor(values)}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=f"w.pth: tensor '{name}' {message}"):
        read_tensors(tmp_path / "w.pth", None)
