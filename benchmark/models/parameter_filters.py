"""Which parameters of a part a strategy can name apart from the others: `PART.norm`, `PART.bias`.

`encoder.lora` are the matrices that `low_rank.add_low_rank` has inserted.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from torch import nn


def norm_parameters(part: nn.Module) -> Iterator[nn.Parameter]:
    """Scales and shifts of normalisation layers (Frankle et al., ICLR 2021).

    The layers of all libraries are recognised by their class names (BatchNorm2d, LayerNorm2d,
    RmsNorm, ...); blocks that contain a layer (ConvNormAct) have no parameter of their own.
    """
    for module in part.modules():
        if "norm" in type(module).__name__.lower():
            yield from module.parameters(recurse=False)


def bias_parameters(part: nn.Module) -> Iterator[nn.Parameter]:
    """Bias terms of all layers (BitFit: Ben Zaken et al., ACL 2022).

    Shifts of normalisation layers are biases, tables of relative positions are not.
    """
    return _named(part, r"(.*[._])?bias")


def lora_parameters(part: nn.Module) -> Iterator[nn.Parameter]:
    """Matrices of low-rank updates, by the names that peft gives them."""
    return _named(part, r".*\.lora_[AB]\..*")


def _named(part: nn.Module, pattern: str) -> Iterator[nn.Parameter]:
    return (value for name, value in part.named_parameters() if re.fullmatch(pattern, name))


FILTERS: Mapping[str, Callable[[nn.Module], Iterator[nn.Parameter]]] = {
    "norm": norm_parameters,
    "bias": bias_parameters,
    "lora": lora_parameters,
}
"""Parameters of a part, by the word that follows its name."""
