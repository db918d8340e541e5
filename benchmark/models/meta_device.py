"""Networks built without memory, for the names and shapes of their tensors alone."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn import init
from torch.overrides import TorchFunctionMode

INITIALISERS = {
    torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.fill_, torch.Tensor.zero_,
    torch.Tensor.mul_, torch.Tensor.add_, torch.Tensor.sub_, torch.Tensor.div_,
    torch.Tensor.erfinv_, torch.Tensor.clamp_, torch.Tensor.copy_,
    *(getattr(init, name) for name in dir(init) if name.endswith("_") and name[0] != "_"),
}  # fmt: skip


class _WithoutInitialisation(TorchFunctionMode):
    """Skips operations that only write values: on the meta device they take most of the time."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.Tensor.item and args[0].is_meta:  # rates of dropout
            return 0.0
        if func in INITIALISERS:
            tensor: torch.Tensor = args[0] if args else kwargs["tensor"]
            if tensor.is_meta:
                return tensor
        return func(*args, **kwargs)


@contextmanager
def on_meta_device() -> Iterator[None]:
    """Build modules on the meta device, without values and without warnings."""
    with torch.device("meta"), _WithoutInitialisation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def build_without_memory(build: Callable[[], nn.Module]) -> nn.Module | None:
    """A module without values, or with them where it needs some; None if it cannot be built."""
    for device in (on_meta_device, nullcontext):  # a few compute with values while they are built
        try:
            with device():
                return build()
        except Exception:  # of any library: no pyramid, other channels, an old name
            continue
    return None
